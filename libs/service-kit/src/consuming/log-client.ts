import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, createClient } from '@nova/rpc';

const CALL_DEADLINE_MS = 5000;

/** events-service as a service calls it. */
export interface LogClient {
  readonly log: Client<typeof EventLog>;
  readonly events: Client<typeof EventsService>;
  close(): void;
}

/**
 * Clients of events-service. Nothing is connected before the first call.
 *
 * Who calls is told in development mode only, whose server believes it. A production identity
 * (JWT, mTLS) is not built yet: there events-service refuses these calls, the consumer stays
 * degraded with that as its trouble, and commands fail with SERVICE_LOG_REFUSED.
 */
export function createLogClient(options: {
  readonly service: string;
  readonly mode: 'production' | 'development';
  readonly address: string;
}): LogClient {
  const { service, mode, address } = options;
  const clientOptions = {
    address,
    deadlineMs: CALL_DEADLINE_MS,
    metadata:
      mode === 'development' ? { 'x-nova-service': service, 'x-nova-roles': 'service,reader' } : {},
  };
  const log = createClient(EventLog, clientOptions);
  const events = createClient(EventsService, clientOptions);
  return {
    log,
    events,
    close() {
      log.close();
      events.close();
    },
  };
}
