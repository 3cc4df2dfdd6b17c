/** A database and the role that owns it; both have this name. */
export interface DatabaseAccount {
  readonly name: string;
  readonly password: string;
  /** May create further databases: only for specs. */
  readonly createsDatabases?: boolean;
}

/** Name of the role that may do everything. */
export const SUPERUSER = 'postgres';

/**
 * The statements that make the roles and databases, one a line, as PostgreSQL's single-user mode
 * wants them. They may run again: what exists keeps its data and gets its password anew.
 *
 * The only statement that can fail then is CREATE DATABASE, see `unexpectedErrors`.
 */
export function accountStatements(
  superuserPassword: string,
  accounts: readonly DatabaseAccount[],
): string {
  const lines = [
    `ALTER ROLE ${SUPERUSER} PASSWORD ${literal(superuserPassword)}`,
    // Everybody may connect to these by default, and "everybody" would include all services.
    'REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC',
  ];
  for (const { name, password, createsDatabases = false } of accounts) {
    const role = identifier(name);
    lines.push(
      `DO $$BEGIN CREATE ROLE ${role}; EXCEPTION WHEN duplicate_object THEN NULL; END$$`,
      `ALTER ROLE ${role} LOGIN NOSUPERUSER NOCREATEROLE ${createsDatabases ? '' : 'NO'}CREATEDB PASSWORD ${literal(password)}`,
      // Nets for clients that set no limits of their own; nova's do.
      `ALTER ROLE ${role} SET lock_timeout = '5s'`,
      `ALTER ROLE ${role} SET statement_timeout = '60s'`,
      `ALTER ROLE ${role} SET transaction_timeout = '120s'`,
      `ALTER ROLE ${role} SET idle_in_transaction_session_timeout = '10s'`,
      `CREATE DATABASE ${role} OWNER ${role}`,
      `REVOKE CONNECT, TEMPORARY ON DATABASE ${role} FROM PUBLIC`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Error lines of the server that are more than "database exists already". */
export function unexpectedErrors(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => /\b(ERROR|FATAL|PANIC):/.test(line))
    .filter((line) => !/database "[a-z_0-9]+" already exists/.test(line));
}

function identifier(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new TypeError(`${name} is no role name`);
  return name;
}

function literal(text: string): string {
  if (/[\n\\]/.test(text)) throw new TypeError('a password must not hold a line break or \\');
  return `'${text.replaceAll("'", "''")}'`;
}
