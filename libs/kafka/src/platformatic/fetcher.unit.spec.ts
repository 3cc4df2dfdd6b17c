import { expect, it } from '@jest/globals';
import { Fetcher } from './fetcher.ts';

it('fetches once a leader is there, also when no wanted partition had one', async () => {
  let leader = -1;
  const { promise: fetched, resolve: fetching } = Promise.withResolvers<void>();
  const reader = {
    metadata: async () => ({
      topics: new Map([['t', { id: 'id', partitions: [{ leader, leaderEpoch: 1 }] }]]),
      brokers: new Map([[1, {}]]),
    }),
    fetch() {
      fetching();
      return new Promise(() => {});
    },
  };
  const events = {
    ...{ fetched: () => true, skipped() {}, outOfRange() {}, topicReplaced() {}, rebalancing() {} },
    ...{ isMember: () => true, fail() {}, logger: { debug() {} } },
  };
  // What it uses of a client and of a session.
  const place = { topic: 't', partition: 0 };
  const fetcher = new Fetcher(
    ...([reader, ['t'], events] as unknown as ConstructorParameters<typeof Fetcher>),
  );
  fetcher.assign([place]);
  fetcher.seek(place, 0n);
  fetcher.setFetching(place, true);
  setTimeout(() => {
    leader = 1;
  }, 100);
  await fetched;
  expect(leader).toBe(1);
});
