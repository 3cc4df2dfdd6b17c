import { openRedis, processedEvents, type Redis } from '@nova/redis';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import type { Prepared } from '../harness/worker-messages.ts';
import { setEach } from '../peers/set-nx.ts';

/** What it is told. */
export interface MarkerOptions {
  readonly redisUrl: string;
  /** `rounds`: as a consumer does; `alone`: one call for each event. */
  readonly way: 'rounds' | 'alone';
  readonly events: number;
  /** Makes ids that no other turn has. */
  readonly suffix: string;
}

/** What a busy consumer applies in a round. */
const ROUND = 500;
const ANSWER_WITHIN_MS = 10_000;
const CONNECTED_WITHIN_MS = 10_000;
const SCOPE = { consumer: 'bench', generation: 1 };

/** Marks events as applied in Redis, each looked for before. Tells how many were new, then and again. */
export async function prepareMarker(options: MarkerOptions): Promise<Prepared> {
  const { redisUrl, way, events, suffix } = options;
  const ids = Array.from({ length: events }, (_, n) => `${suffix}-${n}`);
  const redis = await connected(redisUrl);
  const mark = way === 'rounds' ? () => markInRounds(redis, ids) : () => setEach(redisUrl, ids);
  return {
    async go() {
      const startedAt = performance.now();
      const fresh = await mark();
      const seconds = (performance.now() - startedAt) / 1000;
      return { values: { rate: events / seconds, fresh } };
    },
    stop: () => Promise.resolve(redis.close()),
  };
}

async function markInRounds(redis: Redis, ids: readonly string[]): Promise<number> {
  const marks = processedEvents(redis);
  let fresh = 0;
  for (let at = 0; at < ids.length; at += ROUND) {
    const round = ids.slice(at, at + ROUND);
    const known = await marks.find(SCOPE, round);
    const left = round.filter((id) => !known.has(id));
    fresh += left.length;
    marks.note(SCOPE, left);
  }
  // Answers come in order: the last marks are there, too.
  await redis.ping();
  return fresh;
}

async function connected(url: string): Promise<Redis> {
  const redis = openRedis({
    url,
    timeoutMs: ANSWER_WITHIN_MS,
    clientName: 'bench',
    logger: silentLogger,
  });
  const giveUpAt = performance.now() + CONNECTED_WITHIN_MS;
  for (;;) {
    try {
      await redis.ping();
      return redis;
    } catch (thrown) {
      if (performance.now() > giveUpAt) throw thrown;
      await sleep(20);
    }
  }
}
