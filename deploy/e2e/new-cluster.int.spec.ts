import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PrivatePostgres, privatePostgres } from '@nova/testkit';
import { dump, systemIdentifier } from './dump.ts';
import { type FollowedLog, followedLog, goesOnWithoutItsEnd } from './followed-log.ts';
import { psql } from './witness.ts';

let server: PrivatePostgres;
let log: FollowedLog;

beforeAll(async () => {
  server = await privatePostgres();
  log = await followedLog(server);
}, 180_000);
afterAll(async () => {
  await log?.remove();
  await server?.remove();
}, 60_000);

function on(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** Ends the server for good and starts a new cluster in its place, with what was dumped. */
async function restoreInNewCluster(saved: Awaited<ReturnType<typeof dump>>): Promise<void> {
  const { pathname, port, username } = new URL(log.stack.database.url);
  const name = pathname.slice(1);
  const end = (
    await psql(log.stack.database.url, 'SELECT partition_end FROM outbox_log')
  ).flat()[0];
  await server.remove();
  server = await privatePostgres({ port: Number(port) });
  // Under another name until it is whole: services that run on find no database in the meantime.
  await psql(server.adminUrl, `CREATE DATABASE restored OWNER ${username}`);
  await log.stack.migrateLog(on(server.url, 'restored'));
  await psql(on(server.url, 'restored'), `SELECT outbox_ensure_partitions(${end} - 1)`);
  await saved.restore(on(server.adminUrl, 'restored'));
  await psql(server.adminUrl, `ALTER DATABASE restored RENAME TO ${name}`);
}

describe('a log that is dumped and restored into a new cluster', () => {
  it('is what relay, views and subscriptions go on from, beyond which they were', async () => {
    await goesOnWithoutItsEnd(log, {
      keep: () => dump(log.stack.database.url),
      async lose(saved) {
        const before = await systemIdentifier(server.adminUrl);
        await restoreInNewCluster(saved);
        saved.remove();
        expect(await systemIdentifier(server.adminUrl)).not.toBe(before);
      },
    });
  }, 400_000);
});
