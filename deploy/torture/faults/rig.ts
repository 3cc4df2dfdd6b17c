import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import {
  type PrivateServer,
  privateLinkedKafka,
  privatePostgres,
  privateRedis,
  testDatabase,
} from '@nova/testkit';
import type { Sources } from '../checker/look.ts';
import { Clocks } from './clocks.ts';
import { Disk } from './disk.ts';
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

/** What a rig is to have. */
export interface RigOptions {
  /** How relays and consumers speak to Kafka. */
  readonly driver: 'kafkajs' | 'platformatic';
  /** Also a Redis with the fast marks of consumers, disks that can be filled, and clocks that can be set. */
  readonly hasMore: boolean;
}

/** Room for all schedules of a rig; it takes no more memory than what is on it. */
const DISK_MEGABYTES = { postgres: 4096, kafka: 2048 };

/** A whole nova of processes, each link between two of them a proxy; see `openRig`. */
export interface Rig {
  readonly folder: string;
  readonly processes: ReadonlyMap<string, ServiceProcess>;
  /** `<client>-<server>`, for example relay-1-kafka. */
  readonly links: ReadonlyMap<string, Link>;
  readonly driver: RigOptions['driver'];
  /** By name: postgres, kafka, redis. */
  readonly servers: ReadonlyMap<string, PrivateServer>;
  /** Of servers, where they can be filled. */
  readonly disks: ReadonlyMap<string, Disk>;
  /** Of processes and PostgreSQL; undefined where they cannot be set. */
  readonly clocks: Clocks | undefined;
  /** Where clients publish: host:port of their link to events-service. */
  readonly address: string;
  /** Databases as nobody disturbs them: the log, and consumers by name. */
  readonly database: (name: string) => Database;
  readonly sources: Sources;
  /** Resolves when every process says that it is ready. */
  ready(): Promise<void>;
  /** Ends everything; the folder with history and logs stays where it is wanted. */
  close(options: { readonly keepsFolder: boolean }): Promise<void>;
}

/** A resource that is let go of at the end. */
type Ending = () => Promise<unknown> | undefined;

/**
 * Starts servers and services and resolves when all are ready (10 to 20 s). What they compile is in
 * this folder: of a second rig they start in half the time.
 */
export async function openRig(given: RigOptions, compiled: string): Promise<Rig> {
  const options = { ...given, compiled };
  const endings: Ending[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'nova-torture-'));
  // PostgreSQL is another user.
  chmodSync(folder, 0o755);
  const close: Rig['close'] = async ({ keepsFolder }) => {
    for (const end of endings.reverse()) await end();
    if (!keepsFolder) rmSync(folder, { recursive: true, force: true });
  };
  try {
    return await assemble(folder, endings, close, options);
  } catch (thrown) {
    await close({ keepsFolder: true });
    throw thrown;
  }
}

interface Starting extends RigOptions {
  readonly compiled: string;
}

/** What a rig is made of while it is put together. */
interface Parts extends Starting {
  readonly folder: string;
  readonly endings: Ending[];
  readonly links: Map<string, Link>;
  readonly processes: Map<string, ServiceProcess>;
  /** URLs of databases as nobody disturbs them. */
  readonly urls: Map<string, string>;
  readonly databases: Map<string, Database>;
  readonly servers: Map<string, PrivateServer>;
  readonly disks: Map<string, Disk>;
  readonly clocks: Clocks | undefined;
}

async function assemble(
  folder: string,
  endings: Ending[],
  close: Rig['close'],
  options: Starting,
): Promise<Rig> {
  mkdirSync(join(folder, 'logs'));
  const maps = { links: new Map(), processes: new Map(), urls: new Map(), databases: new Map() };
  const more = { servers: new Map(), disks: new Map() };
  const clocks = options.hasMore ? Clocks.open(join(folder, 'clocks')) : undefined;
  const parts: Parts = { folder, endings, clocks, ...options, ...maps, ...more };
  const { links, processes, urls, databases, servers, disks } = parts;
  if (options.hasMore) openDisks(parts);
  const { postgres, kafka } = await startServers(parts);
  await makeDatabases(parts, postgres);
  const address = await prepareProcesses(parts, kafka.brokers.join(','));
  await startAll(processes);
  const url = (name: string) => urls.get(name) ?? '';
  return {
    ...{ folder, processes, links, servers, disks, clocks, address, close, driver: options.driver },
    ready: () => allReady(processes),
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

function openDisks({ folder, disks, endings }: Parts): void {
  for (const [name, megabytes] of Object.entries(DISK_MEGABYTES)) {
    const disk = Disk.open(join(folder, `disk-of-${name}`), megabytes);
    if (disk === undefined) continue;
    disks.set(name, disk);
    endings.push(async () => disk.close());
  }
}

async function startServers(parts: Parts) {
  const { endings, links, disks, servers, clocks } = parts;
  const ports: number[] = [];
  for (const client of KAFKA_CLIENTS) ports.push(await addLink(parts, `${client}-kafka`, 0));
  const below = disks.get('postgres')?.path;
  const [postgres, kafka] = await Promise.all([
    privatePostgres({
      ...(below === undefined ? {} : { below }),
      environment: clocks?.environmentOf('postgres') ?? {},
    }),
    privateLinkedKafka(ports, disks.get('kafka')?.path),
  ]);
  servers.set('postgres', postgres).set('kafka', kafka);
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
  postgres: Awaited<ReturnType<typeof privatePostgres>>,
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
async function prepareProcesses(parts: Parts, undisturbed: string): Promise<string> {
  /** The URL of a database by the link of a client. */
  const database = async (client: string, name: string) => {
    const url = new URL(parts.urls.get(name) ?? '');
    url.port = String(await addLink(parts, `${client}-postgres`, Number(url.port)));
    return url.href;
  };
  const brokers = (client: string) => `127.0.0.1:${parts.links.get(`${client}-kafka`)?.port}`;
  const fastMarks = parts.hasMore ? await startRedis(parts) : undefined;
  const events = await prepare(parts, 'events', 'main.ts', {
    NOVA_EVENTS_DATABASE_URL: await database('events', 'log'),
    // Not by a link: what it does there, clients of these schedules do not ask for.
    NOVA_KAFKA_BROKERS: undisturbed,
  });
  for (const name of RELAYS) {
    await prepare(parts, name, 'relay-main.ts', {
      NOVA_EVENTS_DATABASE_URL: await database(name, 'log'),
      NOVA_KAFKA_BROKERS: brokers(name),
    });
  }
  for (const name of CONSUMERS) {
    await prepare(parts, name, 'main.ts', {
      ...((await fastMarks?.(name)) ?? {}),
      [`NOVA_${name.toUpperCase()}_DATABASE_URL`]: await database(name, name),
      NOVA_KAFKA_BROKERS: brokers(name),
      NOVA_EVENTS_URL: `127.0.0.1:${await addLink(parts, `${name}-events`, events.grpcPort)}`,
    });
  }
  return `127.0.0.1:${await addLink(parts, 'client-events', events.grpcPort)}`;
}

/** What consumers are told of the Redis for their fast marks, each with a link of its own. */
async function startRedis(parts: Parts) {
  const redis = await privateRedis();
  parts.endings.push(() => redis.remove());
  parts.servers.set('redis', redis);
  return async (name: string) => {
    const url = new URL(redis.url);
    url.port = String(await addLink(parts, `${name}-redis`, Number(url.port)));
    return { NOVA_REDIS_URL: url.href, NOVA_CONSUMER_FAST_MARKS: 'true' };
  };
}

async function prepare(
  { folder, processes, endings, clocks, driver, compiled }: Parts,
  name: string,
  main: string,
  environment: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  const made = await ServiceProcess.prepare({
    name,
    main,
    folder: folderOf(name),
    logFile: join(folder, 'logs', name),
    environment: {
      ...SCALED,
      NOVA_KAFKA_DRIVER: driver,
      NODE_COMPILE_CACHE: compiled,
      ...clocks?.environmentOf(name),
      ...environment,
    },
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
  await allReady(processes);
}

async function allReady(processes: ReadonlyMap<string, ServiceProcess>): Promise<void> {
  for (const one of processes.values()) await one.ready();
}
