import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type RunningServer, type ServerProcess, startServer } from '@nova/servers';
import type { ServerFolder } from './server-folder.ts';
import { admitStandby, followPrimary } from './standby-files.ts';
import {
  describeCluster,
  describeKafka,
  describeLinkedKafka,
  describeSecuredKafka,
  type KafkaSecurity,
} from './start-kafka.ts';
import { describePostgres, type ServerPlace } from './start-postgres.ts';
import { describeRedis } from './start-redis.ts';

/** A server that belongs to one spec, which may treat it badly. */
export interface PrivateServer {
  readonly pid: number;
  readonly logFile: string;
  /** Whether it has ended, by itself or otherwise. */
  readonly isGone: boolean;
  /**
   * SIGSTOP to the server and its children: it still accepts connections but answers nothing. All
   * their threads stand still when this returns.
   */
  pause(): void;
  resume(): void;
  /** kill -9 of the server and its children; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same data and ports; stops it cleanly first where it runs. */
  restart(): Promise<void>;
  /** Ends it and deletes its data. Harmless twice. */
  remove(): Promise<void>;
}

/** A PostgreSQL of one spec. */
export interface PrivatePostgres extends PrivateServer {
  /** Role and database of specs; `testDatabase({ on: … })` makes further databases. */
  readonly url: string;
  /** As superuser. */
  readonly adminUrl: string;
}

/** A Kafka of one spec. */
export interface PrivateKafka extends PrivateServer {
  readonly brokers: readonly string[];
}

/** A Redis of one spec. */
export interface PrivateRedis extends PrivateServer {
  readonly url: string;
}

/** Starts a Redis for one spec alone (about 0.1 s). A restarted one is empty. */
export async function privateRedis(): Promise<PrivateRedis> {
  const { server, folder, logFile, url } = await describeRedis();
  return Object.assign(await Controlled.start(server, folder, logFile), { url });
}

/** Starts a PostgreSQL for one spec alone (about 1 s). */
export async function privatePostgres(place?: ServerPlace): Promise<PrivatePostgres> {
  const { server, folder, logFile, url, adminUrl } = await describePostgres(place);
  return Object.assign(await Controlled.start(server, folder, logFile), { url, adminUrl });
}

/**
 * Starts a standby that follows `primary`, which is ended and started again for it: its files are
 * copied. It ends to be one when it is told `SELECT pg_promote()`.
 */
export async function privateStandby(primary: PrivatePostgres): Promise<PrivatePostgres> {
  const { server, folder, logFile, url, adminUrl } = await describePostgres();
  await primary.kill();
  followPrimary(join(folder.path, 'data'), {
    dataDir: join(dirname(primary.logFile), 'data'),
    url: primary.adminUrl,
  });
  await primary.restart();
  admitStandby(join(dirname(primary.logFile), 'data'));
  process.kill(primary.pid, 'SIGHUP');
  return Object.assign(await Controlled.start(server, folder, logFile), { url, adminUrl });
}

/** Starts a Kafka for one spec alone (about 3 s and 350 MB). */
export async function privateKafka(): Promise<PrivateKafka> {
  const { server, folder, logFile, brokers } = await describeKafka();
  return Object.assign(await Controlled.start(server, folder, logFile), { brokers });
}

/** A Kafka of one spec with a second listener: encrypted, for clients that give a password. */
export interface PrivateSecuredKafka extends PrivateKafka {
  readonly securedBrokers: readonly string[];
}

/** Starts a Kafka that also has a secured listener. */
export async function privateSecuredKafka(security: KafkaSecurity): Promise<PrivateSecuredKafka> {
  const { server, folder, logFile, ...addresses } = await describeSecuredKafka(security);
  return Object.assign(await Controlled.start(server, folder, logFile), {
    brokers: addresses.brokers,
    securedBrokers: addresses.securedBrokers,
  });
}

/** A Kafka of one spec with further listeners that name other ports as theirs. */
export interface PrivateLinkedKafka extends PrivateKafka {
  readonly listenerPorts: readonly number[];
}

/** Starts a Kafka that clients reach through proxies, its files below this folder: see `describeLinkedKafka`. */
export async function privateLinkedKafka(
  advertised: readonly number[],
  below?: string,
): Promise<PrivateLinkedKafka> {
  const { server, folder, logFile, ...ports } = await describeLinkedKafka(advertised, below);
  return Object.assign(await Controlled.start(server, folder, logFile), {
    brokers: ports.brokers,
    listenerPorts: ports.listenerPorts,
  });
}

/** A Kafka of one spec that is made of several brokers, which may be treated badly one by one. */
export interface PrivateKafkaCluster {
  /** Addresses of all brokers. */
  readonly brokers: readonly string[];
  /** By broker id, from 1. */
  readonly nodes: ReadonlyMap<number, PrivateServer>;
  remove(): Promise<void>;
}

/** Starts a cluster for one spec alone (three brokers: about 8 s and 900 MB). */
export async function privateKafkaCluster(size: number): Promise<PrivateKafkaCluster> {
  const described = await describeCluster(size);
  const starting = described.map(({ server, folder, logFile }) =>
    Controlled.start(server, folder, logFile),
  );
  const ends = await Promise.allSettled(starting);
  const started = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  const remove = async () => void (await Promise.all(started.map((node) => node.remove())));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) {
    await remove();
    throw failed.reason;
  }
  return {
    brokers: described.flatMap(({ brokers }) => brokers),
    nodes: new Map(started.map((node, index) => [index + 1, node])),
    remove,
  };
}

const ENDED = 'X';
/** Stopped, traced, ended. */
const STANDING = `TtZ${ENDED}`;
const STANDSTILL_MS = 5000;

class Controlled implements PrivateServer {
  readonly logFile: string;
  readonly #server: ServerProcess;
  readonly #folder: ServerFolder;
  #running: RunningServer | undefined;
  #pid = 0;

  private constructor(server: ServerProcess, folder: ServerFolder, logFile: string) {
    this.#server = server;
    this.#folder = folder;
    this.logFile = logFile;
  }

  static async start(server: ServerProcess, folder: ServerFolder, logFile: string) {
    const controlled = new Controlled(server, folder, logFile);
    try {
      await controlled.restart();
    } catch (thrown) {
      folder.remove();
      throw thrown;
    }
    return controlled;
  }

  get pid(): number {
    return this.#pid;
  }

  get isGone(): boolean {
    return this.#running === undefined;
  }

  pause(): void {
    for (const pid of this.#signalAll('SIGSTOP')) awaitStandstill(pid);
  }

  resume(): void {
    this.#signalAll('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#signalAll('SIGKILL');
    await this.#running?.exited;
    this.#running = undefined;
  }

  async restart(): Promise<void> {
    await this.#running?.stop();
    const { logFile } = this;
    const running = await startServer(this.#server, { logFile, guard: this.#folder.guard });
    this.#running = running;
    this.#pid = running.pid;
    void running.exited.then(() => {
      if (this.#running === running) this.#running = undefined;
    });
  }

  async remove(): Promise<void> {
    await this.kill();
    this.#folder.remove();
  }

  // The server first, so that it makes no new child in between.
  #signalAll(signal: NodeJS.Signals): readonly number[] {
    if (this.#running === undefined) return [];
    const children = childrenOf(this.#pid);
    this.#running.signal(signal);
    for (const child of children) {
      try {
        process.kill(child, signal);
      } catch {
        // Ended with its server.
      }
    }
    return [this.#pid, ...children];
  }
}

// A signal stops a process when one of its threads takes it; on a busy machine the others have
// answered requests until then. Blocks, as nothing of the spec may happen in between.
function awaitStandstill(pid: number): void {
  const giveUpAt = performance.now() + STANDSTILL_MS;
  while (!threadStates(pid).every((state) => STANDING.includes(state))) {
    if (performance.now() > giveUpAt) throw new Error(`process ${pid} does not stop`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

/** One letter per thread, as in proc(5); none where the system has no such files. */
function threadStates(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => threadState(pid, thread));
  } catch {
    return [];
  }
}

function threadState(pid: number, thread: string): string {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  } catch {
    return ENDED;
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    // No such file on this system, or the process is gone.
    return [];
  }
}
