import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import {
  type PrivateKafka,
  type PrivatePostgres,
  privateLinkedKafka,
  privatePostgres,
  testDatabase,
} from '@nova/testkit';
import type { Sources } from '../checker/look.ts';
import { Link } from './link.ts';
import { ServiceProcess } from './service-process.ts';

/** Consumers, each with a database of its own. */
const CONSUMERS = ['messaging', 'notification', 'search', 'activity'] as const;
const RELAYS = ['relay-1', 'relay-2'] as const;
/** Who speaks to Kafka. */
const KAFKA_CLIENTS = [...RELAYS, ...CONSUMERS] as const;

/** Shorter than in production, so that a schedule of 30 s sees leases end and tails checked. */
const SCALED = {
  NOVA_RELAY_LEASE_MS: '2000',
  NOVA_RELAY_RENEW_INTERVAL_MS: '500',
  NOVA_KAFKA_SEND_DEADLINE_MS: '4000',
  NOVA_CONSUMER_TAIL_INTERVAL_MS: '3000',
  NOVA_CONSUMER_TAIL_GRACE_MS: '2000',
  NOVA_CONSUMER_STALL_MS: '15000',
  NOVA_CONSUMER_EFFECTS_FROM: 'beginning',
  NOVA_LOG_LEVEL: 'warn',
};

/** A whole nova of processes, each link between two of them a proxy; see `openRig`. */
export interface Rig {
  readonly folder: string;
  readonly processes: ReadonlyMap<string, ServiceProcess>;
  /** `<client>-<server>`, for example relay-1-kafka. */
  readonly links: ReadonlyMap<string, Link>;
  readonly postgres: PrivatePostgres;
  readonly kafka: PrivateKafka;
  /** Where clients publish: host:port of their link to events-service. */
  readonly address: string;
  /** Databases as nobody disturbs them: the log, and consumers by name. */
  readonly database: (name: string) => Database;
  readonly sources: Sources;
  /** Ends everything; the folder with history and logs stays where it is wanted. */
  close(options: { readonly keepsFolder: boolean }): Promise<void>;
}

/** A resource that is let go of at the end. */
type Ending = () => Promise<unknown> | undefined;

/** Starts servers and services and resolves when all are ready (10 to 20 s). */
export async function openRig(): Promise<Rig> {
  const endings: Ending[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'nova-torture-'));
  const close: Rig['close'] = async ({ keepsFolder }) => {
    for (const end of endings.reverse()) await end();
    if (!keepsFolder) rmSync(folder, { recursive: true, force: true });
  };
  try {
    return await assemble(folder, endings, close);
  } catch (thrown) {
    await close({ keepsFolder: true });
    throw thrown;
  }
}

async function assemble(folder: string, endings: Ending[], close: Rig['close']): Promise<Rig> {
  mkdirSync(join(folder, 'logs'));
  const links = new Map<string, Link>();
  const link = async (name: string, port: number) => {
    const made = await Link.open();
    made.leadTo(port);
    links.set(name, made);
    endings.push(async () => made.close());
    return made;
  };
  for (const client of KAFKA_CLIENTS) await link(`${client}-kafka`, 0);
  const linkOf = (name: string) => links.get(name)?.port ?? 0;
  const [postgres, kafka] = await Promise.all([
    privatePostgres(),
    privateLinkedKafka(KAFKA_CLIENTS.map((client) => linkOf(`${client}-kafka`))),
  ]);
  endings.push(
    () => postgres.remove(),
    () => kafka.remove(),
  );
  for (const [index, client] of KAFKA_CLIENTS.entries()) {
    links.get(`${client}-kafka`)?.leadTo(kafka.listenerPorts[index] ?? 0);
  }
  const { urls, databases } = await makeDatabases(postgres, endings);
  /** The URL of a database by the link of a client. */
  const through = async (client: string, name: string) => {
    const url = new URL(urls.get(name) ?? '');
    url.port = String((await link(`${client}-postgres`, Number(url.port))).port);
    return url.href;
  };
  const processes = new Map<string, ServiceProcess>();
  const prepare = async (name: string, main: string, environment: Record<string, string>) => {
    const logFile = join(folder, 'logs', name);
    const shared = { ...SCALED, NODE_COMPILE_CACHE: join(folder, 'compiled') };
    const options = { name, folder: folderOf(name), main, logFile };
    const made = await ServiceProcess.prepare({
      ...options,
      environment: { ...shared, ...environment },
    });
    processes.set(name, made);
    // A process that is stopped would never end.
    endings.push(() => made.end('SIGKILL'));
    return made;
  };
  const events = await prepare('events', 'main.ts', {
    NOVA_EVENTS_DATABASE_URL: await through('events', 'log'),
  });
  for (const name of RELAYS) {
    await prepare(name, 'relay-main.ts', {
      NOVA_EVENTS_DATABASE_URL: await through(name, 'log'),
      NOVA_KAFKA_BROKERS: `127.0.0.1:${linkOf(`${name}-kafka`)}`,
    });
  }
  for (const name of CONSUMERS) {
    await prepare(name, 'main.ts', {
      [`NOVA_${name.toUpperCase()}_DATABASE_URL`]: await through(name, name),
      NOVA_KAFKA_BROKERS: `127.0.0.1:${linkOf(`${name}-kafka`)}`,
      NOVA_EVENTS_URL: `127.0.0.1:${(await link(`${name}-events`, events.grpcPort)).port}`,
    });
  }
  const client = await link('client-events', events.grpcPort);
  await startAll(processes);
  const url = (name: string) => urls.get(name) ?? '';
  return {
    folder,
    processes,
    links,
    postgres,
    kafka,
    address: `127.0.0.1:${client.port}`,
    database: (name) => {
      const found = databases.get(name);
      if (found === undefined) throw new Error(`there is no database ${name}`);
      return found;
    },
    sources: {
      log: url('log'),
      brokers: kafka.brokers.join(','),
      views: [
        { view: 'messages', url: url('messaging') },
        { view: 'conversations', url: url('messaging') },
        { view: 'found', url: url('search') },
        { view: 'notices', url: url('notification') },
        { view: 'activity', url: url('activity') },
      ],
    },
    close,
  };
}

function folderOf(name: string): string {
  if (name === 'activity') return 'examples/activity-counter';
  return `services/${name.startsWith('relay') ? 'events' : name}-service`;
}

async function makeDatabases(postgres: PrivatePostgres, endings: Ending[]) {
  const urls = new Map<string, string>();
  const databases = new Map<string, Database>();
  for (const name of ['log', ...CONSUMERS]) {
    const { url, database } = await testDatabase({ on: postgres, poolSize: 1 });
    await database.close();
    const own = openDatabase({
      url,
      applicationName: 'torture',
      poolSize: 2,
      statementTimeoutMs: 5000,
      logger: silentLogger,
    });
    urls.set(name, url);
    databases.set(name, own);
    endings.push(() => own.close());
  }
  return { urls, databases };
}

async function startAll(processes: ReadonlyMap<string, ServiceProcess>): Promise<void> {
  const events = processes.get('events');
  events?.start('--migrate');
  if ((await events?.ended()) !== 0) throw new Error('the log could not be migrated');
  for (const one of processes.values()) one.start();
  for (const one of processes.values()) await one.ready();
}
