import { hash, randomInt } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';
import { type Environment, processEnvironment } from '@nova/config';
import { NovaError } from '@nova/errors';
import { sleep } from '@nova/time';
import { errors } from './errors.ts';
import { portHolder } from './port-holder.ts';

/** The ports of `conventions` §1: the only place in the code that has these numbers. */
const BASE_PORTS = {
  events: 50051,
  messaging: 50052,
  notification: 50053,
  search: 50054,
  community: 50055,
  task: 50056,
  galaxy: 50057,
  eventsOps: 50151,
  messagingOps: 50152,
  notificationOps: 50153,
  searchOps: 50154,
  communityOps: 50155,
  taskOps: 50156,
  galaxyOps: 50157,
  relayOps: 50150,
  gateway: 8080,
  kafka: 9092,
  kafkaController: 9093,
  postgres: 54320,
  redis: 6390,
  opensearch: 9200,
} as const;

/** A listener of a local nova. */
export type PortName = keyof typeof BASE_PORTS;

/** The port of every listener. */
export type PortPlan = Readonly<Record<PortName, number>>;

/** Offsets are multiples of this … */
export const PORT_OFFSET_STEP = 1000;
/** … up to this. */
export const PORT_OFFSET_MAX = 10_000;

/** True for 0, 1000, 2000 … 10000. */
export function isPortOffset(offset: number): boolean {
  return Number.isInteger(offset / PORT_OFFSET_STEP) && offset >= 0 && offset <= PORT_OFFSET_MAX;
}

/** All ports, shifted, so that several checkouts run side by side. */
export function portPlan(offset = 0): PortPlan {
  if (!isPortOffset(offset)) throw new RangeError(`${offset} is no port offset`);
  const shifted = Object.entries(BASE_PORTS).map(([name, port]) => [name, port + offset] as const);
  // The same keys as BASE_PORTS, which the entries lost.
  return Object.freeze(Object.fromEntries(shifted)) as PortPlan;
}

/** A port that something is about to listen on, with the words for when it is busy. */
export interface WantedPort {
  readonly port: number;
  /** Who wants it, such as "Kafka". */
  readonly what: string;
  /** What moves it, such as "--port-offset". */
  readonly setting: string;
}

/** A closed connection keeps its port for 60 s (TIME_WAIT), and some are open for a moment before. */
const CONNECTION_GONE_MS = 65_000;
const LOOK_EVERY_MS = 250;

/**
 * Looks whether all ports are free, and waits for those that an outgoing connection of this machine
 * has: nova's ports lie where systems also take the near ends of connections from.
 *
 * @throws SERVERS_PORT_BUSY for the first that stays busy, with the process that has it where that
 *   can be known.
 */
export async function requireFreePorts(wanted: readonly WantedPort[]): Promise<void> {
  await untilNoConnectionHolds(wanted.map(({ port }) => port));
  for (const { port, what, setting } of wanted) {
    if (await isPortFree(port)) continue;
    const found = portHolder(port);
    const holder = found === undefined ? '' : `: process ${found.pid}, ${found.command}`;
    throw new NovaError(errors.SERVERS_PORT_BUSY, { port, what, setting, holder });
  }
}

/**
 * Resolves when each port is free or has a listener, which no waiting would end; after 65 s in any
 * case.
 */
async function untilNoConnectionHolds(
  ports: readonly number[],
  withinMs = CONNECTION_GONE_MS,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (const port of ports) {
    while (performance.now() < deadline) {
      if ((await isPortFree(port)) || (await isAnswered(port))) break;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** True when nothing has the port, neither on 127.0.0.1 nor on ::1 ("localhost" is both). */
export async function isPortFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '::1'));
}

/** True when somebody listens on the port. */
async function isAnswered(port: number): Promise<boolean> {
  return (await canConnect(port, '127.0.0.1')) || (await canConnect(port, '::1'));
}

const FIRST_DRAWN = 20_000;
const SLICES = 16;
const SLICE_SIZE = 750;
let drawn = randomInt(SLICE_SIZE);

/**
 * `count` different ports that are free at this moment, of those that systems do not give to outgoing
 * connections (from 32768 on Linux, 49152 elsewhere): one of these may be taken before it is used.
 * Those of one jest worker are no other's of its run.
 */
export async function freePorts(
  count: number,
  environment: Environment = processEnvironment,
): Promise<number[]> {
  const first = firstOfSlice(environment['JEST_WORKER_ID']);
  const held = new Map<number, Server>();
  while (held.size < count) {
    // One after the other: what was drawn last may not be bound yet.
    drawn = (drawn + 1) % SLICE_SIZE;
    const port = first + drawn;
    const server = held.has(port) ? undefined : await listenOn(port);
    if (server !== undefined) held.set(port, server);
  }
  await Promise.all(
    [...held.values()].map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    ),
  );
  return [...held.keys()];
}

/** A server binds its port long after it was drawn: until then only a slice apart keeps it from others. */
function firstOfSlice(worker = '0'): number {
  // Checkouts that test at the same time begin at different slices, as far as chance allows.
  const checkout = hash('sha256', import.meta.dirname, 'buffer').readUInt16BE(0);
  return FIRST_DRAWN + ((checkout + Number(worker)) % SLICES) * SLICE_SIZE;
}

/** Undefined when the port is taken. */
function listenOn(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (thrown) => {
      // Without IPv6 nobody can be in the way there.
      const code = 'code' in thrown ? thrown.code : '';
      resolve(code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT');
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function canConnect(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
