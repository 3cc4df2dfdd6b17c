/** What of PostgreSQL's configuration nova decides. */
export interface PostgresConfiguration {
  readonly port: number;
  /**
   * Whether a commit survives a power cut (fsync). Without it a commit still survives any crash of
   * processes, kill -9 included: enough for specs, and faster.
   */
  readonly durable: boolean;
  /** `own`: each role reaches only the database of its name. `any`: for specs that make databases. */
  readonly access: 'own' | 'any';
  readonly maxConnections: number;
}

const HEADER = '# Written by nova at every start: changes here are lost.\n';

/** The text of postgresql.conf. */
export function postgresConf(configuration: PostgresConfiguration): string {
  const onOff = (value: boolean) => (value ? 'on' : 'off');
  const settings: Record<string, string | number> = {
    // Only this machine reaches it. No socket file: its path would be too long for deep folders.
    listen_addresses: "'127.0.0.1'",
    unix_socket_directories: "''",
    port: configuration.port,
    max_connections: configuration.maxConnections,
    password_encryption: "'scram-sha-256'",
    // An acknowledged event is on disk.
    fsync: onOff(configuration.durable),
    synchronous_commit: 'on',
    full_page_writes: 'on',
    shared_buffers: "'64MB'",
    // When a row became visible can be asked later (bench/views-latency); costs 10 bytes a commit.
    track_commit_timestamp: 'on',
    // Three helpers for reading ahead are for bigger machines.
    io_workers: 1,
    max_wal_size: "'1GB'",
    // A segment in /dev/shm would stay behind after kill -9.
    dynamic_shared_memory_type: 'mmap',
    // Short statements only: compiling them costs more than it saves.
    jit: 'off',
    timezone: "'UTC'",
    log_timezone: "'UTC'",
    lc_messages: "'C'",
    datestyle: "'iso, ymd'",
    log_line_prefix: "'%m [%p] %q%u@%d '",
    log_checkpoints: 'off',
    log_lock_waits: 'on',
    // No statement texts in the log: they may hold content.
    log_min_error_statement: 'panic',
    log_parameter_max_length_on_error: 0,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return `${HEADER}${lines.join('\n')}\n`;
}

/** The text of pg_hba.conf: a password for everybody, also on this machine. */
export function hbaConf({ access }: PostgresConfiguration): string {
  const databases = access === 'own' ? 'sameuser' : 'all';
  return [
    HEADER.trimEnd(),
    '# database  user      address       method',
    `host all       postgres 127.0.0.1/32 scram-sha-256`,
    `host ${databases.padEnd(9)} all      127.0.0.1/32 scram-sha-256`,
    '',
  ].join('\n');
}
