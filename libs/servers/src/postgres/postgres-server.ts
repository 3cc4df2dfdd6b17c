import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NovaError } from '@nova/errors';
import { baseEnvironment } from '../base-environment.ts';
import { errors } from '../errors.ts';
import { indented, lastLinesOf } from '../log-tail.ts';
import { runProgram } from '../run-program.ts';
import type { ServerProcess } from '../server-process.ts';
import { findPostgres, type PostgresBinaries } from './binaries.ts';
import { hbaConf, type PostgresConfiguration, postgresConf } from './configuration.ts';
import { clearLeftovers } from './leftovers.ts';
import { accountStatements, type DatabaseAccount, SUPERUSER, unexpectedErrors } from './roles.ts';
import { askPostgres } from './startup-request.ts';
import { type Unprivileged, unprivileged } from './unprivileged.ts';

/** What a local PostgreSQL needs to know. */
export interface PostgresOptions {
  readonly dataDir: string;
  readonly port: number;
  /** Password of the role `postgres`, which may do everything. */
  readonly superuserPassword: string;
  /** Made before the start, where they are missing. */
  readonly accounts: readonly DatabaseAccount[];
  /** True by default: see PostgresConfiguration. */
  readonly durable?: boolean;
  /** `own` by default: see PostgresConfiguration. */
  readonly access?: 'own' | 'any';
  readonly maxConnections?: number;
  /** Further variables of the server's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

const ACCOUNTS_STAMP = 'nova-accounts';

/**
 * PostgreSQL of the npm package, on 127.0.0.1 only, with passwords (SCRAM) for every role.
 *
 * `prepare` runs initdb once (into a folder beside it that is renamed when complete, so that an
 * interrupted one is not taken for a cluster), writes the configuration, mends what a crash left,
 * and makes roles and databases. These are made in single-user mode before the server starts,
 * because this lib has no PostgreSQL client: the driver belongs to `@nova/postgres`, a layer above.
 *
 * It is stopped with SIGINT ("fast": transactions are rolled back, then a checkpoint).
 */
export function postgresServer(options: PostgresOptions): ServerProcess {
  const cluster = new Cluster(options);
  return {
    name: 'postgres',
    stopSignal: 'SIGINT',
    prepare: () => cluster.prepare(),
    command: () => ({
      file: cluster.binaries.postgres,
      args: ['-D', options.dataDir],
      env: baseEnvironment(options.environment),
      cwd: options.dataDir,
      runAs: cluster.user.words,
    }),
    ready: () => askPostgres(options.port),
  };
}

class Cluster {
  readonly #options: PostgresOptions;
  #binaries: PostgresBinaries | undefined;
  #user: Unprivileged | undefined;

  constructor(options: PostgresOptions) {
    this.#options = options;
  }

  get binaries(): PostgresBinaries {
    this.#binaries ??= findPostgres();
    return this.#binaries;
  }

  get user(): Unprivileged {
    this.#user ??= unprivileged(this.binaries.postgres, dirname(this.#options.dataDir));
    return this.#user;
  }

  async prepare(): Promise<void> {
    const { dataDir } = this.#options;
    mkdirSync(dirname(dataDir), { recursive: true });
    if (existsSync(join(dataDir, 'PG_VERSION'))) {
      this.#checkVersion();
      await clearLeftovers(dataDir);
    } else {
      await this.#initialise();
    }
    this.#writeConfiguration();
    this.user.own(dataDir);
    await this.#makeAccounts();
  }

  #checkVersion(): void {
    const path = this.#options.dataDir;
    const found = readFileSync(join(path, 'PG_VERSION'), 'utf8').trim();
    const wanted = this.binaries.version.split('.')[0] ?? '';
    if (found !== wanted) {
      throw new NovaError(errors.SERVERS_DATA_OTHER_VERSION, { path, found, wanted });
    }
  }

  async #initialise(): Promise<void> {
    const { dataDir, durable = true } = this.#options;
    const fresh = `${dataDir}.new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { mode: 0o700 });
    this.user.own(fresh);
    const args = [
      ...['-D', fresh, '-U', SUPERUSER, '--encoding=UTF8', '--no-instructions'],
      ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      // Replaced by pg_hba.conf and passwords before the first start.
      '--auth=reject',
      ...(durable ? [] : ['--no-sync']),
    ];
    await this.#run('making the PostgreSQL data folder', this.binaries.initdb, args, '');
    renameSync(fresh, dataDir);
  }

  #writeConfiguration(): void {
    const { dataDir, port, durable = true, access = 'own', maxConnections = 100 } = this.#options;
    const configuration: PostgresConfiguration = { port, durable, access, maxConnections };
    writeFileSync(join(dataDir, 'postgresql.conf'), postgresConf(configuration), { mode: 0o600 });
    writeFileSync(join(dataDir, 'pg_hba.conf'), hbaConf(configuration), { mode: 0o600 });
  }

  async #makeAccounts(): Promise<void> {
    const { dataDir, superuserPassword, accounts } = this.#options;
    const statements = accountStatements(superuserPassword, accounts);
    const stamp = join(dataDir, ACCOUNTS_STAMP);
    const hash = createHash('sha256').update(statements).digest('hex');
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
    const step = 'making the PostgreSQL roles and databases';
    const args = ['--single', '-D', dataDir, '-c', 'log_min_messages=error', 'postgres'];
    const output = await this.#run(step, this.binaries.postgres, args, statements);
    const lines = unexpectedErrors(output);
    if (lines.length > 0) {
      throw new NovaError(errors.SERVERS_STEP_FAILED, {
        step,
        end: 'refused',
        lines: indented(lines),
      });
    }
    writeFileSync(stamp, hash, { mode: 0o600 });
  }

  async #run(step: string, file: string, args: string[], input: string): Promise<string> {
    const [first = file, ...rest] = [...this.user.words, file, ...args];
    const result = await runProgram(first, rest, { env: baseEnvironment(), input });
    if (!result.ok) {
      const lines = indented(lastLinesOf(result.output, 15));
      throw new NovaError(errors.SERVERS_STEP_FAILED, { step, end: result.end, lines });
    }
    return result.output;
  }
}
