import { appendFileSync, chmodSync, cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes `dataDir` that of a standby, of the files of a primary that does not run. */
export function followPrimary(
  dataDir: string,
  primary: { readonly dataDir: string; readonly url: string },
): void {
  cpSync(primary.dataDir, dataDir, { recursive: true });
  chmodSync(dataDir, 0o700);
  writeFileSync(join(dataDir, 'standby.signal'), '');
  const { hostname, port, username, password } = new URL(primary.url);
  const source = `host=${hostname} port=${port} user=${username} password=${password}`;
  appendFileSync(join(dataDir, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
}

/** Lets standbys follow the server of this folder, once it has read its configuration again. */
export function admitStandby(dataDir: string): void {
  const line = 'host replication postgres 127.0.0.1/32 scram-sha-256\n';
  appendFileSync(join(dataDir, 'pg_hba.conf'), line);
}
