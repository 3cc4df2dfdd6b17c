import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PrivatePostgres, privatePostgres, privateStandby, waitFor } from '@nova/testkit';
import { Link } from '../torture/faults/link.ts';
import { systemIdentifier } from './dump.ts';
import { type FollowedLog, followedLog, goesOnWithoutItsEnd } from './followed-log.ts';
import { psql } from './witness.ts';

let primary: PrivatePostgres;
let standby: PrivatePostgres;
/** What the services connect to, wherever the log is. */
let address: Link;
let log: FollowedLog;

beforeAll(async () => {
  primary = await privatePostgres();
  standby = await privateStandby(primary);
  address = await Link.open();
  address.leadTo(portOf(primary));
  const url = new URL(primary.url);
  url.port = String(address.port);
  log = await followedLog({ url: url.href });
}, 180_000);
afterAll(async () => {
  await log?.remove();
  address?.close();
  await primary?.remove();
  await standby?.remove();
}, 60_000);

const portOf = ({ url }: PrivatePostgres) => Number(new URL(url).port);

/** Waits until the standby has all that the primary has. */
async function caughtUp(): Promise<void> {
  const [[written = ''] = []] = await psql(primary.adminUrl, 'SELECT pg_current_wal_flush_lsn()');
  const has = `SELECT pg_last_wal_replay_lsn() >= '${written}'::pg_lsn`;
  await waitFor(async () => (await psql(standby.adminUrl, has)).flat()[0] === 't', {
    withinMs: 30_000,
    what: `the standby at ${written}`,
  });
}

/** The standby hears nothing more from the primary. */
async function fallBehind(): Promise<void> {
  await psql(standby.adminUrl, "ALTER SYSTEM SET primary_conninfo = ''");
  await psql(standby.adminUrl, 'SELECT pg_reload_conf()');
  const hears = 'SELECT count(*) FROM pg_stat_wal_receiver';
  await waitFor(async () => (await psql(standby.adminUrl, hears)).flat()[0] === '0', {
    withinMs: 30_000,
    what: 'the standby to hear nothing',
  });
}

/** The primary dies, and the standby takes its place. */
async function failOver(): Promise<void> {
  address.reset();
  await primary.kill();
  await psql(standby.adminUrl, 'SELECT pg_promote()');
  address.leadTo(portOf(standby));
  address.heal();
}

describe('a standby that is promoted without the last events of its primary', () => {
  it('is what relay, views and subscriptions go on from, beyond which they were', async () => {
    await goesOnWithoutItsEnd(log, {
      async keep() {
        await caughtUp();
        await fallBehind();
      },
      async lose() {
        const cluster = await systemIdentifier(primary.adminUrl);
        await failOver();
        // The same cluster, with its files in the same places.
        expect(await systemIdentifier(standby.adminUrl)).toBe(cluster);
      },
    });
  }, 400_000);
});
