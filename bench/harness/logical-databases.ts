import type { Database } from '@nova/postgres';
import { type BenchDatabase, makeDatabase, openPool } from './databases.ts';
import type { Stage } from './stage.ts';

/** The stage for peers that read the write-ahead log: another PostgreSQL, where it can be decoded. */
export async function logicalStage(stage: Stage): Promise<Stage> {
  const postgres = await stage.servers.logicalPostgres();
  return { ...stage, servers: { ...stage.servers, postgres } };
}

/** A database of one turn whose replication slots go with it. */
export interface LogicalDatabase extends BenchDatabase {
  readonly name: string;
  /** As who may do everything. */
  readonly adminUrl: string;
  readonly admin: Database;
}

/** Makes one on the PostgreSQL of `logicalStage`, as `makeDatabase` does. */
export async function makeLogicalDatabase(
  stage: Pick<Stage, 'servers'>,
  template?: string,
): Promise<LogicalDatabase> {
  const base = await makeDatabase(stage, template);
  const name = new URL(base.url).pathname.slice(1);
  const url = new URL(stage.servers.postgres.adminUrl);
  url.pathname = `/${name}`;
  const admin = openPool(url.href, 1);
  return {
    ...base,
    ...{ name, adminUrl: url.href, admin },
    async drop() {
      // Whoever reads a slot is gone by now, or is made to go.
      await admin.query(
        `SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots
         WHERE database = current_database() AND active`,
      );
      await admin.query(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
         WHERE database = current_database()`,
      );
      await admin.close();
      await base.drop();
    },
  };
}
