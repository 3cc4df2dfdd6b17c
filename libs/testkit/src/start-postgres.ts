import { join } from 'node:path';
import { freePorts, postgresServer, type ServerProcess } from '@nova/servers';
import { type ServerFolder, serverFolder } from './server-folder.ts';

/** Role and database of specs; no superuser, so that missing rights show. */
export const TEST_ROLE = 'nova_test';
// Reachable from this machine only, and gone with the run.
const PASSWORD = 'nova-test';

/** A PostgreSQL for specs, not yet started. */
export interface PostgresForSpecs {
  readonly server: ServerProcess;
  readonly folder: ServerFolder;
  readonly logFile: string;
  readonly url: string;
  readonly adminUrl: string;
}

/** Where a server has its files, and what its environment has more. */
export interface ServerPlace {
  /** The system's folder for temporary files by default. */
  readonly below?: string;
  /** A free one by default; that of a server which is gone, to take its place. */
  readonly port?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Describes a fresh cluster. */
export async function describePostgres({
  below,
  environment = {},
  ...place
}: ServerPlace = {}): Promise<PostgresForSpecs> {
  const folder = serverFolder('postgres', below);
  const [port = 0] = place.port === undefined ? await freePorts(1) : [place.port];
  const server = postgresServer({
    dataDir: join(folder.path, 'data'),
    port,
    superuserPassword: PASSWORD,
    accounts: [{ name: TEST_ROLE, password: PASSWORD, createsDatabases: true }],
    durable: false,
    access: 'any',
    maxConnections: 200,
    environment,
  });
  return {
    server,
    folder,
    logFile: join(folder.path, 'log'),
    url: postgresUrl(port, TEST_ROLE, TEST_ROLE),
    adminUrl: postgresUrl(port, 'postgres', 'postgres'),
  };
}

/** The same URL with another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

function postgresUrl(port: number, role: string, database: string): string {
  return `postgres://${role}:${PASSWORD}@127.0.0.1:${port}/${database}`;
}
