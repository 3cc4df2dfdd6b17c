/** The long form of the race in `window.int.spec.ts`. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type PrivatePostgres,
  type TestDatabase,
  tellTorture,
  testDatabase,
  torturePart,
} from '@nova/testkit';
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
      const { times: events, seed } = torturePart({ times: 1_000_000 });
      const options = { seed, writers: 64, events, perAppend: 40, longMs: MINUTE };
      const verdicts = await race(test, options);
      const [{ appended } = { appended: 0 }] = await test.database.query<{ appended: bigint }>(
        'SELECT sum(version)::bigint AS appended FROM local_outbox_aggregates',
      );
      const byReader = Object.fromEntries(verdicts.map(({ reader, ...told }) => [reader, told]));
      tellTorture('readers of an outbox', { seed, events: Number(appended), ...byReader });
      const [windows, ...naive] = verdicts;
      const nothing = { lost: 0, doubled: 0, reordered: 0 };
      expect({ seed, ...windows }).toEqual({ seed, reader: 'snapshot windows', ...nothing });
      expect(naive.map(({ lost, reordered }) => lost + reordered > 0)).toEqual([true, true, true]);
    },
    60 * MINUTE,
  );
});
