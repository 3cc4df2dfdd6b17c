import { createRequire } from 'node:module';
import { expect, it } from '@jest/globals';

const require = createRequire(import.meta.url);
// Group and loop of a kafkajs consumer, which have no types, over a broker of the spec's own: a real one
// gives these answers by chance only.
const Runner = require('kafkajs/src/consumer/runner') as new (
  options: object,
) => {
  start(): Promise<void>;
  stop(): Promise<void>;
};
const ConsumerGroup = require('kafkajs/src/consumer/consumerGroup') as new (
  options: object,
) => object;
const { MemberAssignment } = require('kafkajs/src/consumer/assignerProtocol') as {
  readonly MemberAssignment: { encode(given: object): Buffer };
};

const silent = { namespace: () => silent, debug() {}, info() {}, warn() {}, error() {} };
const protocolError = (type: string) =>
  Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type, retriable: true });
const retry = { initialRetryTime: 1, retries: 5 };

/** What the broker answers, by call, from the first on; afterwards all is well. */
interface Answers {
  readonly fetches?: readonly (Error | undefined)[];
  readonly joins?: readonly (Error | undefined)[];
  readonly syncs?: readonly (Error | undefined)[];
  /** Waited for by each join, given its number, before it is answered. */
  readonly answering?: (join: number) => Promise<void>;
}

/** A member and what became of it, until it has fetched so often after `enough` joins, or crashed. */
function memberOf({ fetches = [], joins = [], syncs = [], answering }: Answers, enough: number) {
  const events: string[] = [];
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const counts = { join: 0, sync: 0, fetch: 0, joined: 0 };
  const next = (kind: 'join' | 'sync' | 'fetch', planned: readonly (Error | undefined)[]) => {
    counts[kind] += 1;
    return planned[counts[kind] - 1];
  };
  const coordinator = {
    isConnected: () => true,
    async joinGroup() {
      const refusal = next('join', joins);
      await answering?.(counts.join);
      if (refusal !== undefined) {
        events.push('refused');
        throw refusal;
      }
      return { generationId: counts.join, leaderId: 'other', memberId: 'me', members: [] };
    },
    async syncGroup() {
      const refusal = next('sync', syncs);
      if (refusal !== undefined) {
        events.push('refused');
        throw refusal;
      }
      const assignment = { t: [counts.joined] };
      return { memberAssignment: MemberAssignment.encode({ version: 1, assignment }) };
    },
    heartbeat: () => Promise.resolve(),
    leaveGroup: () => Promise.resolve(),
    offsetFetch: ({ topics }: { topics: { topic: string; partitions: object[] }[] }) => ({
      responses: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((one) => ({ ...one, offset: '5' })),
      })),
    }),
  };
  const broker = {
    async fetch() {
      events.push('fetch');
      const refusal = next('fetch', fetches);
      if (refusal !== undefined) throw refusal;
      if (counts.joined >= enough) end();
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { sessionId: 1, errorCode: 0, responses: [] };
    },
  };
  const partitionMetadata = Array.from({ length: 10 }, (_, partitionId) => ({
    partitionId,
    leader: 1,
  }));
  const cluster = {
    brokerPool: { metadata: {} },
    connect: () => Promise.resolve(),
    getNodeIds: () => ['1'],
    refreshMetadata: () => Promise.resolve(),
    refreshMetadataIfNecessary: () => Promise.resolve(),
    findGroupCoordinator: () => Promise.resolve(coordinator),
    findBroker: () => Promise.resolve(broker),
    findTopicPartitionMetadata: () => partitionMetadata,
    committedOffsets: () => ({}),
  };
  const instrumentationEmitter = {
    emit(name: string) {
      if (!name.includes('group_join')) return;
      counts.joined += 1;
      events.push('joined');
    },
  };
  const shared = { logger: silent, instrumentationEmitter, retry, autoCommit: false };
  const consumerGroup = new ConsumerGroup({
    ...shared,
    cluster,
    groupId: 'g',
    topics: ['t'],
    topicConfigurations: { t: { fromBeginning: true } },
    assigners: [{ name: 'p', protocol: () => ({ name: 'p', metadata: Buffer.alloc(0) }) }],
    maxWaitTimeInMs: 5,
  });
  const runner = new Runner({
    ...shared,
    consumerGroup,
    concurrency: 1,
    heartbeatInterval: 0,
    eachBatch: () => Promise.resolve(),
    onCrash: (error: Error) => {
      events.push(`crash: ${error.message}`);
      end();
    },
  });
  return { events, runner, isOver };
}

const LOADING = protocolError('GROUP_LOAD_IN_PROGRESS');

it.each([['UNKNOWN_MEMBER_ID'], ['NOT_COORDINATOR_FOR_GROUP'], ['REBALANCE_IN_PROGRESS']])(
  'a member told %s fetches nothing until it has joined again',
  async (type) => {
    const { events, runner, isOver } = memberOf(
      { fetches: [protocolError(type)], joins: [undefined, LOADING, LOADING] },
      2,
    );
    await runner.start();
    await isOver;
    await runner.stop();
    expect(events.slice(0, 6)).toEqual([
      'joined',
      'fetch',
      'refused',
      'refused',
      'joined',
      'fetch',
    ]);
  },
);

it('so does one that joined again because a leader had changed, and lost the answer', async () => {
  const timedOut = Object.assign(new Error('timed out'), { retriable: true });
  const { events, runner, isOver } = memberOf(
    { fetches: [protocolError('NOT_LEADER_FOR_PARTITION')], syncs: [undefined, timedOut] },
    2,
  );
  await runner.start();
  await isOver;
  await runner.stop();
  expect(events.slice(0, 5)).toEqual(['joined', 'fetch', 'refused', 'joined', 'fetch']);
});

it('a member that cannot join again ends, so that a new one is made', async () => {
  const joins = [undefined, ...Array.from({ length: 100 }, () => LOADING)];
  const { events, runner, isOver } = memberOf(
    { fetches: [protocolError('UNKNOWN_MEMBER_ID')], joins },
    100,
  );
  await runner.start();
  await isOver;
  await runner.stop();
  expect(events.slice(2, -1)).toEqual(Array(events.length - 3).fill('refused'));
  expect(events.at(-1)).toBe(`crash: ${LOADING.message}`);
});

it('a member that is stopped while it joins again ends', async () => {
  const { promise: isJoining, resolve: joining } = Promise.withResolvers<void>();
  const { promise: isStopping, resolve: stopping } = Promise.withResolvers<void>();
  const { events, runner } = memberOf(
    {
      fetches: [protocolError('UNKNOWN_MEMBER_ID')],
      joins: [undefined, LOADING],
      async answering(join) {
        if (join < 3) return;
        joining();
        await isStopping;
      },
    },
    100,
  );
  await runner.start();
  await isJoining;
  const stopped = runner.stop();
  stopping();
  await stopped;
  expect(events).toEqual(['joined', 'fetch', 'refused', 'joined']);
});
