import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
} from '@nova/proto/gen/grpc/health/v1/health_pb';
import { type Client, type ClientCredentials, createClient } from '@nova/rpc';
import { answered } from './log-failure.ts';

const CALL_DEADLINE_MS = 5000;

/** events-service as a service calls it. */
export interface LogClient {
  readonly log: Client<typeof EventLog>;
  readonly events: Client<typeof EventsService>;
  /** Rejects when events-service does not answer, or says that it takes no calls. */
  check(): Promise<void>;
  close(): void;
}

/** Who calls events-service, and where it is. */
export interface LogClientOptions {
  readonly service: string;
  readonly mode: 'production' | 'development';
  readonly address: string;
  readonly credentials: ClientCredentials;
}

/** How a client of events-service is made. */
export function clientOptionsOf({ service, mode, address, credentials }: LogClientOptions) {
  return {
    address,
    deadlineMs: CALL_DEADLINE_MS,
    ...(mode === 'production'
      ? { credentials }
      : {
          metadata: { 'x-nova-service': service, 'x-nova-roles': 'service,reader' },
          credentials: { ...credentials, headers: () => ({}) },
        }),
  };
}

/**
 * Clients of events-service. Nothing is connected before the first call.
 *
 * In production the credentials prove who calls; where they are not accepted the consumer stays
 * degraded with that as its trouble, and commands fail with SERVICE_LOG_REFUSED. In development mode
 * the server believes a name, and takes no token.
 */
export function createLogClient(options: LogClientOptions): LogClient {
  const clientOptions = clientOptionsOf(options);
  const log = createClient(EventLog, clientOptions);
  const events = createClient(EventsService, clientOptions);
  const health = createClient(Health, clientOptions);
  return {
    log,
    events,
    async check() {
      const { status } = await answered(health.check({ service: EventLog.typeName }));
      if (status !== Serving.SERVING) throw new Error('events-service is not ready');
    },
    close() {
      for (const client of [log, events, health]) client.close();
    },
  };
}
