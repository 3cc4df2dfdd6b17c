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

/** What a rig is made of while it is put together. */
interface Parts {
  readonly folder: string;
  readonly endings: Ending[];
  readonly links: Map<string, Link>;
  readonly processes: Map<string, ServiceProcess>;
  /** URLs of databases as nobody disturbs them. */
  readonly urls: Map<string, string>;
  readonly databases: Map<string, Database>;
}

async function assemble(folder: string, endings: Ending[], close: Rig['close']): Promise<Rig> {
  mkdirSync(join(folder, 'logs'));
  const maps = { links: new Map(), processes: new Map(), urls: new Map(), databases: new Map() };
  const parts: Parts = { folder, endings, ...maps };
  const { links, processes, urls, databases } = parts;
  const { postgres, kafka } = await startServers(parts);
  await makeDatabases(parts, postgres);
  const address = await prepareProcesses(parts);
  await startAll(processes);
  const url = (name: string) => urls.get(name) ?? '';
  return {
    ...{ folder, processes, links, postgres, kafka, address, close },
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
  };
}

/** A link, and its port: where the client finds what is at `port`. */
async function addLink({ links, endings }: Parts, name: string, port: number): Promise<number> {
  const made = await Link.open();
  made.leadTo(port);
  links.set(name, made);
  endings.push(async () => made.close());
  return made.port;
}

async function startServers(parts: Parts) {
  const { endings, links } = parts;
  const ports: number[] = [];
  for (const client of KAFKA_CLIENTS) ports.push(await addLink(parts, `${client}-kafka`, 0));
  const [postgres, kafka] = await Promise.all([privatePostgres(), privateLinkedKafka(ports)]);
  endings.push(
    () => postgres.remove(),
    () => kafka.remove(),
  );
  for (const [index, client] of KAFKA_CLIENTS.entries()) {
    links.get(`${client}-kafka`)?.leadTo(kafka.listenerPorts[index] ?? 0);
  }
  return { postgres, kafka };
}

async function makeDatabases(
  { urls, databases, endings }: Parts,
  postgres: PrivatePostgres,
): Promise<void> {
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
}

/** Prepares all processes; resolves with the address at which clients publish. */
async function prepareProcesses(parts: Parts): Promise<string> {
  /** The URL of a database by the link of a client. */
  const database = async (client: string, name: string) => {
    const url = new URL(parts.urls.get(name) ?? '');
    url.port = String(await addLink(parts, `${client}-postgres`, Number(url.port)));
    return url.href;
  };
  const brokers = (client: string) => `127.0.0.1:${parts.links.get(`${client}-kafka`)?.port}`;
  const events = await prepare(parts, 'events', 'main.ts', {
    NOVA_EVENTS_DATABASE_URL: await database('events', 'log'),
  });
  for (const name of RELAYS) {
    await prepare(parts, name, 'relay-main.ts', {
      NOVA_EVENTS_DATABASE_URL: await database(name, 'log'),
      NOVA_KAFKA_BROKERS: brokers(name),
    });
  }
  for (const name of CONSUMERS) {
    await prepare(parts, name, 'main.ts', {
      [`NOVA_${name.toUpperCase()}_DATABASE_URL`]: await database(name, name),
      NOVA_KAFKA_BROKERS: brokers(name),
      NOVA_EVENTS_URL: `127.0.0.1:${await addLink(parts, `${name}-events`, events.grpcPort)}`,
    });
  }
  return `127.0.0.1:${await addLink(parts, 'client-events', events.grpcPort)}`;
}

async function prepare(
  { folder, processes, endings }: Parts,
  name: string,
  main: string,
  environment: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  const made = await ServiceProcess.prepare({
    name,
    main,
    folder: folderOf(name),
    logFile: join(folder, 'logs', name),
    environment: { ...SCALED, NODE_COMPILE_CACHE: join(folder, 'compiled'), ...environment },
  });
  processes.set(name, made);
  // A process that is stopped would never end.
  endings.push(() => made.end('SIGKILL'));
  return made;
}

function folderOf(name: string): string {
  if (name === 'activity') return 'examples/activity-counter';
  return `services/${name.startsWith('relay') ? 'events' : name}-service`;
}

async function startAll(processes: ReadonlyMap<string, ServiceProcess>): Promise<void> {
  const events = processes.get('events');
  events?.start('--migrate');
  if ((await events?.ended()) !== 0) throw new Error('the log could not be migrated');
  for (const one of processes.values()) one.start();
  for (const one of processes.values()) await one.ready();
}
