import { expect, it } from '@jest/globals';
import type { StoredEvent } from '@nova/events';
import type { SessionContext } from './context.ts';
import { Intake } from './intake.ts';
import { KnownEpochs } from './known-epochs.ts';
import { settleStart, startOffsets } from './starting.ts';

const EPOCH = 'E';
const TOPIC = 'nova_events_message_created';
const PLACE = { topic: TOPIC, partition: 0 };
const NOTHING = {
  ...{ applied: [], duplicates: [], parked: [], refused: [], failures: [], held: [], invalid: [] },
  effects: 0,
};

const event = (n: number) => ({
  ...{ eventId: `e${n}`, eventType: 'message_created', aggregateType: 'c', aggregateId: `a${n}` },
  ...{ aggregateVersion: 1n, lane: 0, previous: {}, payload: new Uint8Array() },
  position: { epoch: EPOCH, position: BigInt(n) },
});

it('a start that is tried again and has no more to catch up with lets its partitions go on', async () => {
  const intake = new Intake();
  intake.assign(PLACE, undefined);
  const calls: string[] = [];
  const tails = new Map<number, object>();
  const source = {
    partitionCounts: () => new Map([[TOPIC, 8]]),
    endOffsets: async () => new Map([[`${TOPIC}:0`, 12_000n]]),
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    seek: () => Promise.resolve(),
  };
  let reads = 0;
  const log = {
    getLog: async () => ({
      head: { epoch: EPOCH, position: 12_000n },
      epochs: [{ epoch: EPOCH, firstPosition: 1n }],
    }),
    // Away after the first part, which is enough for the tails to be there.
    async *readLog() {
      reads += 1;
      const events = Array.from(
        { length: 10_000 },
        (_, n) => event(n + 1) as unknown as StoredEvent,
      );
      yield { events, scanned: { epoch: EPOCH, position: 10_000n } };
      throw new Error('the log is away');
    },
  };
  const query = async (sql: { text?: string } | string, params: readonly unknown[]) => {
    const text = typeof sql === 'string' ? sql : (sql.text ?? '');
    if (text.includes('SELECT partition, epoch')) {
      return [...tails].map(([partition, tail]) => ({ partition, ...tail }));
    }
    if (text.includes('INSERT INTO consumer_tail')) {
      const [, , numbers, epoch, position] = params as [string, number, number[], string, bigint];
      for (const number of numbers) tails.set(number, { epoch, position });
    }
    return [];
  };
  const bounds = { catchUpLag: 20_000, roundEvents: 1000, roundBytes: 1e9 };
  const meters = {
    ...{ over: () => false, trouble: () => false, readLog() {}, setAside() {}, stale() {} },
  };
  // What a start uses of a session; rounds are the turn's, which applies nothing here.
  const context = {
    ...{ intake, epochs: new KnownEpochs(), settings: bounds, log, meters },
    generation: { consumer: 'v', generation: 1, eventTypes: new Map([['message_created', 0n]]) },
    ...{ source: () => source, logger: { info() {}, warn() {} }, database: { query } },
    ...{
      turn: { take: async () => NOTHING },
      journal: {},
      board: {},
      clock: {},
      room: {},
      round: {},
    },
  } as unknown as SessionContext;
  await settleStart(context, new AbortController().signal);
  expect(reads).toBe(1);
  expect(calls).toEqual(['pause', 'resume']);
});

it('an assignment that was taken away does not place what has begun again since', async () => {
  const intake = new Intake();
  const answers: ((rows: object[]) => void)[] = [];
  const query = () => new Promise<object[]>((resolve) => answers.push(resolve));
  const context = {
    ...{ intake, epochs: new KnownEpochs(), database: { query } },
    generation: { consumer: 'v', generation: 1 },
  } as unknown as SessionContext;
  const first = startOffsets(context, [PLACE]);
  intake.revoke([PLACE]);
  const second = startOffsets(context, [PLACE]);
  answers[1]?.([]);
  expect(await second).toEqual(new Map([[`${TOPIC}:0`, 'beginning']]));
  const begun = intake.get(PLACE);
  answers[0]?.([]);
  await expect(first).rejects.toThrow('taken away');
  expect(intake.get(PLACE)).toBe(begun);
});
