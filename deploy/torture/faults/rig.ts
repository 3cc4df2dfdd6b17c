import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Database } from '@nova/postgres';
import type { PrivateServer } from '@nova/testkit';
import type { Sources } from '../checker/look.ts';
import { Clocks } from './clocks.ts';
import type { Disk } from './disk.ts';
import type { Link } from './link.ts';
import {
  addLink,
  CONSUMERS,
  type Ending,
  type Parts,
  RELAYS,
  type RigOptions,
  type Starting,
} from './rig-parts.ts';
import { makeDatabases, openDisks, startRedis, startServers } from './rig-servers.ts';
import type { Targets } from './schedule.ts';
import { ServiceProcess } from './service-process.ts';
import { targetsOf } from './targets.ts';

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
  readonly driver: RigOptions['driver'];
  /** Whether event types are registered under load. */
  readonly registers: boolean;
  /** By name: postgres, kafka, redis. */
  readonly servers: ReadonlyMap<string, PrivateServer>;
  /** Of servers, where they can be filled. */
  readonly disks: ReadonlyMap<string, Disk>;
  /** Of processes and PostgreSQL; undefined where they cannot be set. */
  readonly clocks: Clocks | undefined;
  readonly targets: Targets;
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
    ...{ folder, processes, links, servers, disks, clocks, address, close },
    driver: options.driver,
    registers: options.registers,
    targets: presentTargets(parts),
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

/** Disks and clocks may not be there; all else is what the seeds were made for. */
function presentTargets(parts: Parts): Targets {
  const wanted = targetsOf(parts);
  const { processes, servers, links, disks, clocks } = parts;
  const made = [...processes.keys(), ...servers.keys(), ...links.keys()];
  if (!isDeepStrictEqual(made, [...wanted.processes, ...wanted.servers, ...wanted.links])) {
    throw new Error(`seeds mean something else with ${made.join(', ')}: see targets.ts`);
  }
  return {
    ...wanted,
    disks: wanted.disks.filter((name) => disks.has(name)),
    clocks: clocks === undefined ? [] : wanted.clocks,
  };
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
    // Without a link where clients ask for nothing that it does there.
    NOVA_KAFKA_BROKERS: parts.registers ? brokers('events') : undisturbed,
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
