import type { ExtraPeer } from '../names.ts';
import type { TopicsUnderTest } from '../workload/topics.ts';
import { type ProcessorUse, readProcessor, useBetween } from './processor.ts';
import type { BenchServers } from './servers.ts';

/** How much is measured. */
export interface Sizes {
  /** Events of a large backlog; everything else is derived from it. */
  readonly events: number;
  readonly rounds: number;
  /** How often a turn is repeated, at most, in which others used more than 15 % of the machine. */
  readonly repeats: number;
  /** No further round of a scenario begins after so many seconds; one is made in any case. */
  readonly seconds?: number | undefined;
  /** Peers that take part only on request. */
  readonly with?: readonly ExtraPeer[];
}

/** What a scenario works with. */
export interface Stage {
  readonly servers: BenchServers;
  /** The topics of all scenarios; what one has read is behind it. */
  readonly topics: TopicsUnderTest;
  readonly sizes: Sizes;
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Tells the person who waits. */
  say(text: string): void;
}

/** The result of some work, and what processors did meanwhile. */
export interface Watched<T> extends ProcessorUse {
  readonly result: T;
  readonly postgresSeconds: number;
  readonly kafkaSeconds: number;
}

/** Runs work and tells what it cost the servers and `others`, by pid, and what strangers took meanwhile. */
export async function watched<T>(
  { servers }: Pick<Stage, 'servers'>,
  work: () => Promise<T>,
  others: readonly number[] = [],
): Promise<Watched<T>> {
  const { postgres, kafka } = servers;
  const roots = [process.pid, postgres.pid, kafka.pid, ...others];
  const before = readProcessor(roots);
  const result = await work();
  const use = useBetween(before, readProcessor(roots), process.pid);
  return {
    ...use,
    result,
    postgresSeconds: use.trees.get(postgres.pid) ?? 0,
    kafkaSeconds: use.trees.get(kafka.pid) ?? 0,
  };
}
