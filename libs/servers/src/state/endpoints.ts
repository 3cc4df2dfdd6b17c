import { dirname, join } from 'node:path';
import type { PortName } from '../ports.ts';
import { DATABASES, type StateFolder } from './open-state.ts';
import { writeWhole } from './write-whole.ts';

/** Services with a gRPC port. */
export type ServiceName = Extract<
  PortName,
  'events' | 'messaging' | 'notification' | 'search' | 'community' | 'task' | 'galaxy'
>;

/** An address of a local nova. */
export interface Endpoint {
  readonly name: string;
  readonly address: string;
  /** The environment variable that carries it, and what it then holds. */
  readonly variable: string;
  readonly value: string;
  /** Which entry of credentials.json the value holds, for those with a password. */
  readonly credentials?: string;
}

/** The addresses of Kafka, of Redis, of all databases and of the services that run. */
export function endpointsOf(
  state: StateFolder,
  services: readonly ServiceName[] = ['events'],
): Endpoint[] {
  const at = (port: PortName) => `localhost:${state.ports[port]}`;
  return [
    ...services.map((name) => ({
      name,
      address: at(name),
      variable: `NOVA_${name.toUpperCase()}_URL`,
      value: at(name),
    })),
    { name: 'kafka', address: at('kafka'), variable: 'NOVA_KAFKA_BROKERS', value: at('kafka') },
    {
      name: 'redis',
      address: at('redis'),
      variable: 'NOVA_REDIS_URL',
      value: `redis://${at('redis')}`,
    },
    ...DATABASES.map((name) => ({
      name,
      address: `${at('postgres')}/${name}`,
      variable: `${name.toUpperCase()}_DATABASE_URL`,
      value: state.databaseUrl(name),
      credentials: name,
    })),
  ];
}

/**
 * Writes `endpoints.json` (name → address, and where its password is) and `env` (for `source`; it
 * holds passwords, is readable by this user only, and puts the Node that runs this on PATH).
 */
export function writeEndpoints(state: StateFolder, endpoints: readonly Endpoint[]): void {
  const listed = endpoints.map(({ name, address, variable, credentials }) => [
    name,
    {
      address,
      variable,
      ...(credentials === undefined
        ? {}
        : { credentials: { file: 'credentials.json', entry: credentials } }),
    },
  ]);
  const json = JSON.stringify(Object.fromEntries(listed), undefined, 2);
  writeWhole(join(state.directory, 'endpoints.json'), `${json}\n`);
  const exports = endpoints.map(({ variable, value }) => `export ${variable}=${quoted(value)}`);
  const head = '# Addresses of this nova, and its Node, for `source`. Written by `./nova up`.';
  const lines = [head, ...exports, nodeFirst(process.execPath)];
  writeWhole(join(state.directory, 'env'), `${lines.join('\n')}\n`);
}

/** A machine's own Node may be older than what nova's sources need; `./nova` has brought one then. */
function nodeFirst(node: string): string {
  const path = `${quoted(dirname(node))}"\${PATH:+:$PATH}"`;
  return `[ "$(command -v node)" = ${quoted(node)} ] || export PATH=${path}`;
}

/** A text as a shell reads it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
