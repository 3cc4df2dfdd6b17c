import { readFileSync } from 'node:fs';
import { freePorts, type KafkaConnect, kafkaConnect } from '@nova/servers';
import { sleep } from '@nova/time';
import { DEBEZIUM_JVM, debeziumConnector } from '../peers/debezium.ts';
import { DrainClock } from '../roles/drain-clock.ts';
import type { EndsWatch, TopicsUnderTest } from '../workload/topics.ts';
import { readProcessor } from './processor.ts';
import type { Stage } from './stage.ts';
import type { Worker } from './worker.ts';
import type { WorkEnd } from './worker-messages.ts';

/** Looking is work of the broker, so little while Java starts. */
const LOOK_EVERY_MS = { before: 250, since: 50 };
/** Nothing new in the topics for so long: what is missing never comes. Java starts meanwhile. */
const STALLED_MS = 120_000;

/** Sets up Debezium over a database of `logicalStage`. */
export async function debezium(
  { servers }: Pick<Stage, 'servers'>,
  databaseUrl: string,
): Promise<KafkaConnect> {
  const [port = 0] = await freePorts(1);
  return kafkaConnect({
    ...{ brokers: servers.kafka.brokers, port, jvm: DEBEZIUM_JVM },
    connector: debeziumConnector(databaseUrl),
  });
}

/** MiB that a process had at most; 0 outside of Linux. */
export function mostMemory(pid: number): number {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(found?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/**
 * Debezium as a worker that drains: it starts at go, and what it has published is seen from the ends of
 * the topics. Its processor counts from the first of them on, since Node's start does not count either.
 */
export async function debeziumWorker(
  stage: Pick<Stage, 'servers'> & { readonly topics: TopicsUnderTest },
  databaseUrl: string,
  events: number,
): Promise<Worker> {
  const connect = await debezium(stage, databaseUrl);
  return {
    pid: 0,
    async go() {
      const ends = await stage.topics.watchEnds();
      try {
        return await drain(connect, ends, events);
      } finally {
        await ends.stop();
      }
    },
    stop: () => connect.remove(),
    kill: () => connect.kill(),
  };
}

async function drain(connect: KafkaConnect, ends: EndsWatch, events: number): Promise<WorkEnd> {
  const clock = new DrainClock(events, STALLED_MS);
  clock.start();
  const pid = await connect.start();
  const cpuOf = () => readProcessor([pid]).trees.get(pid) ?? 0;
  let atFirst: { readonly cpu: number; readonly left: number } | undefined;
  const isOver = clock.drained.then(() => true);
  for (;;) {
    const arrived = await ends.arrived();
    if (arrived > clock.count) clock.acknowledged(arrived - clock.count);
    if (arrived > 0) atFirst ??= { cpu: cpuOf(), left: events - arrived };
    const pause = LOOK_EVERY_MS[atFirst === undefined ? 'before' : 'since'];
    if (await Promise.race([isOver, sleep(pause).then(() => false)])) break;
  }
  if (atFirst === undefined) throw new Error(`Debezium published nothing:\n${connect.log()}`);
  // Of those that came after the first look, as if of all.
  const share = atFirst.left > 0 ? events / atFirst.left : Number.NaN;
  const cpuSeconds = (cpuOf() - atFirst.cpu) * share;
  return { values: clock.values(), cpuSeconds, maxRssMb: mostMemory(pid) };
}
