import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PrivatePostgres, privatePostgres, privateStandby, waitFor } from '@nova/testkit';
import { Link } from '../torture/faults/link.ts';
import { systemIdentifier } from './dump.ts';
import { conversations, type FollowedLog, followedLog } from './followed-log.ts';
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
    const old = conversations(20);
    await log.say(old);
    await log.say(old);
    await log.allShowIt('what the standby will have');
    await caughtUp();
    await fallBehind();
    const lost = await log.say([...old.slice(0, 10), ...conversations(10)]);
    await log.allShowIt('what will be lost');
    const [cluster, epochs] = [await systemIdentifier(primary.adminUrl), await log.epochs()];
    await failOver();
    // The same cluster, with its files in the same places.
    expect(await systemIdentifier(standby.adminUrl)).toBe(cluster);
    // At the positions of what was lost, and beyond.
    await log.say([...conversations(15), ...old.slice(5, 20)]);
    await log.allShowIt('the fold of what is left');
    await log.topicHasIt();
    const logged = await log.ids();
    expect(logged).toHaveLength(70);
    expect(logged.filter((id) => lost.includes(id))).toEqual([]);
    expect(await log.epochs()).toBeGreaterThan(epochs);
    expect(log.stack.relay.output()).toContain('log has lost its end');
    expect(log.messaging.output()).toContain('log has lost what views show');
    await log.say(old);
    await log.allShowIt('what came after');
    await log.topicHasIt();
  }, 400_000);
});
