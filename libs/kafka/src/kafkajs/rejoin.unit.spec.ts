import { createRequire } from 'node:module';
import { expect, it } from '@jest/globals';

/** What the spec uses of the loop of a kafkajs consumer, which has no types. */
interface Runner {
  start(): Promise<void>;
  stop(): Promise<void>;
}
const require = createRequire(import.meta.url);
// The loop is driven with a group of the spec's own: a broker gives these answers by chance only.
const RunnerOfKafkajs = require('kafkajs/src/consumer/runner') as new (options: object) => Runner;

const silent = { namespace: () => silent, debug() {}, info() {}, warn() {}, error() {} };
const protocolError = (type: string) => Object.assign(new Error(type), { type, retriable: true });
const LOADING = protocolError('GROUP_LOAD_IN_PROGRESS');

/** Runs a member that the group sends away at its first fetch, and whose next `failures` joins fail. */
async function eventsOf(dismissal: Error, failures: number): Promise<string[]> {
  const events: string[] = [];
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  let joins = 0;
  const runner = new RunnerOfKafkajs({
    logger: silent,
    instrumentationEmitter: { emit() {} },
    concurrency: 1,
    retry: { initialRetryTime: 1, retries: 5 },
    onCrash: (error: Error) => {
      events.push(`crash: ${error.message}`);
      end();
    },
    consumerGroup: {
      memberId: 'one',
      getNodeIds: () => ['1'],
      connect: () => Promise.resolve(),
      leave: () => Promise.resolve(),
      heartbeat: () => Promise.resolve(),
      joinAndSync: () => {
        joins += 1;
        const isRefused = joins > 1 && joins <= 1 + failures;
        events.push(isRefused ? 'refused' : 'joined');
        return isRefused ? Promise.reject(LOADING) : Promise.resolve();
      },
      fetch: () => {
        events.push('fetch');
        if (events.filter((event) => event === 'fetch').length === 1) {
          return Promise.reject(dismissal);
        }
        end();
        return Promise.resolve([]);
      },
    },
  });
  await runner.start();
  await isOver;
  await runner.stop();
  return events;
}

it.each([['UNKNOWN_MEMBER_ID'], ['NOT_COORDINATOR_FOR_GROUP'], ['REBALANCE_IN_PROGRESS']])(
  'a member told %s fetches nothing until it has joined again',
  async (type) => {
    const events = await eventsOf(protocolError(type), 2);
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

it('a member that cannot join again ends, so that a new one is made', async () => {
  const events = await eventsOf(protocolError('UNKNOWN_MEMBER_ID'), 100);
  expect(events.slice(2, -1)).toEqual(Array(events.length - 3).fill('refused'));
  expect(events.at(-1)).toBe(`crash: ${LOADING.message}`);
});
