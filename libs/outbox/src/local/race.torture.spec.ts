/** The long form of the race in `window.int.spec.ts`. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PrivatePostgres, type TestDatabase, testDatabase } from '@nova/testkit';
import { localOutboxMigrations } from './install.ts';
import { race, serverForRaces } from './testing/race.rig.spec.ts';

const MINUTE = 60_000;

describe('1,000,000 events of 64 writers beside a transaction that is open for a minute', () => {
  let postgres: PrivatePostgres;
  let test: TestDatabase;
  beforeAll(async () => {
    const migrations = [{ owner: 'local-outbox', dir: localOutboxMigrations }];
    postgres = await serverForRaces();
    test = await testDatabase({ migrations, on: postgres, statementTimeoutMs: 30_000 });
  });
  afterAll(async () => {
    await test.drop();
    await postgres.remove();
  });

  it(
    'snapshot windows lose, double and reorder nothing',
    async () => {
      const seed = Date.now() % 1_000_000;
      const options = { seed, writers: 64, events: 1_000_000, perAppend: 40, longMs: MINUTE };
      const [windows, ...naive] = await race(test, options);
      expect({ seed, ...windows }).toEqual({
        ...{ seed, reader: 'snapshot windows', lost: 0, doubled: 0, reordered: 0 },
      });
      expect(naive.map(({ lost, reordered }) => lost + reordered > 0)).toEqual([true, true, true]);
    },
    60 * MINUTE,
  );
});
