import { randomUUID } from 'node:crypto';
import { openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import type { Prepared } from '../harness/worker-messages.ts';
import { nowMs } from '../watch.ts';
import { benchTopics } from '../workload/topics.ts';
import { numberIn } from '../workload/workload.ts';
import type { Driver } from './relay.ts';

/** What it is told. */
export interface SinkOptions {
  readonly brokers: readonly string[];
  readonly driver: Driver;
  /** It has done its work when it has seen so many different events. */
  readonly events: number;
  /** By `topic:partition`, the next offset. */
  readonly offsets: Readonly<Record<string, string>>;
}

const JOINED_WITHIN_MS = 30_000;
/** Nothing seen for so long: what is missing never comes, and the oracle shall say so. */
const STALLED_MS = 30_000;

/** A consumer that does nothing but note when it got each event, in milliseconds since 1970. */
export async function prepareSink(options: SinkOptions): Promise<Prepared> {
  const { brokers, driver, events, offsets } = options;
  const kafka = openKafka({ brokers, clientId: 'bench-sink', logger: silentLogger, driver });
  const seenAt: number[] = Array.from({ length: events }, () => 0);
  const all = Promise.withResolvers<void>();
  let left = events;
  let movedAt = 0;
  const member = await kafka.source().open({
    groupId: `bench-sink-${randomUUID()}`,
    topics: benchTopics,
    startAt: (assigned) => {
      const keys = assigned.map(({ topic, partition }) => `${topic}:${partition}`);
      return Promise.resolve(
        new Map(keys.map((key) => [key, BigInt(offsets[key] ?? '0')] as const)),
      );
    },
    deliver: ({ records }) => {
      const at = nowMs();
      for (const { value } of records) {
        const n = value === undefined ? undefined : numberIn(value);
        if (n === undefined || seenAt[n] !== 0) continue;
        seenAt[n] = at;
        left -= 1;
        movedAt = performance.now();
      }
      if (left === 0) all.resolve();
      return Promise.resolve();
    },
    revoked: () => {},
  });
  const giveUpAt = performance.now() + JOINED_WITHIN_MS;
  while (member.assigned().length === 0 || member.trouble() !== undefined) {
    if (performance.now() > giveUpAt)
      throw new Error(`the group was not joined: ${member.trouble()}`);
    await sleep(20);
  }
  return {
    async go() {
      movedAt = performance.now();
      while (left > 0 && performance.now() - movedAt < STALLED_MS) {
        await Promise.race([all.promise, sleep(1000)]);
      }
      return { values: {}, lists: { seenAt } };
    },
    async stop() {
      await member.stop();
      await kafka.admin().close();
    },
  };
}
