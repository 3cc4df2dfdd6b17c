import { Readiness } from '@nova/lifecycle';
import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { createLogger } from '@nova/telemetry';
import {
  createServer,
  developmentIdentity,
  implement,
  type Methods,
  type Policies,
  type Policy,
  type RpcServer,
  type ServerOptions,
  type ServiceImplementation,
} from '../index.ts';

/** A server for specs: two real services of which only a few methods do something. */
export interface ExampleServer {
  readonly server: RpcServer;
  readonly address: string;
  readonly port: number;
  readonly readiness: Readiness;
  /** Every log line so far. */
  logged(): readonly Record<string, unknown>[];
  stop(): Promise<void>;
}

type EventsMethods = Methods<typeof EventsService>;
type LogMethods = Methods<typeof EventLog>;

const unused = () => Promise.reject(new Error('not used in this spec'));

// biome-ignore lint/correctness/useYield: it is never called
async function* unusedStream() {
  await unused();
}

/** The events service with the given methods; the rest are bugs. */
export function eventsService(
  methods: Partial<EventsMethods>,
  policy: Policy = 'authenticated',
): ServiceImplementation {
  const others = eachMethod((kind) => (kind === 'unary' ? unused : unusedStream)) as EventsMethods;
  const policies = eachMethod(() => policy) as Policies<typeof EventsService>;
  return implement(EventsService, { ...others, ...methods }, policies);
}

/** Something for each method of the events service, of the kind that its descriptor says. */
export function eachMethod(make: (kind: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    EventsService.methods.map(({ localName, methodKind }) => [localName, make(methodKind)]),
  );
}

/** The log service, of which `readLog` is given. */
export function logService(readLog: LogMethods['readLog']): ServiceImplementation {
  return implement(
    EventLog,
    {
      append: unused,
      resolve: unused,
      readAggregates: unusedStream,
      readLog,
      getLog: unused,
      registerConsumer: unused,
    },
    {
      append: 'service',
      resolve: 'service',
      readAggregates: 'service',
      readLog: 'service',
      getLog: 'service',
      registerConsumer: 'service',
    },
  );
}

/** Starts a server on a free port with the development identity. */
export async function startExample(
  services: readonly ServiceImplementation[],
  options: Partial<ServerOptions> = {},
): Promise<ExampleServer> {
  const lines: string[] = [];
  const readiness = new Readiness();
  const server = createServer({
    services,
    readiness,
    identity: developmentIdentity,
    logger: createLogger({
      service: 'spec',
      level: 'debug',
      destination: { write: (line) => void lines.push(line) },
    }),
    address: { host: '127.0.0.1', port: 0 },
    ...options,
  });
  await server.start();
  return {
    server,
    address: server.address,
    port: Number(server.address.split(':')[1]),
    readiness,
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    stop: () => server.stop(),
  };
}
