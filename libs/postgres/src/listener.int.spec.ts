import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { partConformance } from '@nova/lifecycle/testing';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
}, 60_000);
afterAll(() => test.drop());

const listeners = () =>
  test.database.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
  );

partConformance('listen', async () => {
  const heard: string[] = [];
  const part = test.database.listen('conformance', (payload) => heard.push(payload));
  // It connects after its start, however long that takes; a second is enough to see that it has stopped.
  let withinMs = 20_000;
  const stop = () => {
    withinMs = 1000;
    return part.stop();
  };
  return {
    part: { name: part.name, start: () => part.start(), stop },
    isWorking: async () => {
      const text = `rung ${Math.random()}`;
      try {
        await waitFor(
          async () => {
            await test.database.query("SELECT pg_notify('conformance', $1)", [text]);
            return heard.includes(text);
          },
          { withinMs, everyMs: 50, what: 'the notification' },
        );
        return true;
      } catch {
        return false;
      }
    },
  };
});

describe('listen', () => {
  it('hears empty notifications, and says when it may have missed some', async () => {
    const heard: string[] = [];
    const part = test.database.listen('a "channel"', (payload) => heard.push(payload));
    await part.start();
    await waitFor(() => heard.length === 1, { withinMs: 5000, what: 'the first connection' });
    await test.database.notify('a "channel"');
    await waitFor(() => heard.length === 2, { withinMs: 5000, what: 'the notification' });
    const pids = (await listeners()).map(({ pid }) => pid);
    await test.database.query('SELECT pg_terminate_backend(p) FROM unnest($1::int[]) AS p', [pids]);
    await waitFor(() => heard.length === 3, { withinMs: 5000, what: 'the new connection' });
    expect(heard).toEqual(['', '', '']);
    await part.stop();
    await waitFor(async () => (await listeners()).length === 0, {
      withinMs: 5000,
      what: 'the end of the connection',
    });
  });
});
