import type { Stack } from './stack.ts';
import type { ServiceRow } from './supervise/service-process.ts';

/** A service of the stack, and what must be done before it starts. */
export type StackService = ServiceRow & {
  readonly needs: readonly string[];
  readonly uses: readonly string[];
};

/** nova's own services, in the order of `status`. A further one is one more row. */
export function stackServices(stack: Stack): readonly StackService[] {
  const { ports } = stack;
  const log = {
    NOVA_EVENTS_DATABASE_URL: stack.databaseUrl('nova_events'),
    NOVA_KAFKA_BROKERS: `localhost:${ports.kafka}`,
    ...redisOf(stack),
  };
  return [
    {
      name: 'events-service',
      folder: 'events-service',
      main: 'main.ts',
      grpcPort: ports.events,
      opsPort: ports.eventsOps,
      consumes: false,
      needs: ['migrations'],
      uses: ['kafka'],
      environment: log,
    },
    {
      name: 'relay',
      folder: 'events-service',
      main: 'relay-main.ts',
      opsPort: ports.relayOps,
      consumes: false,
      // Not kafka: it waits for that by itself, and both start at the same time.
      needs: ['migrations'],
      uses: ['kafka'],
      environment: log,
    },
    consumingService(stack, 'messaging'),
    consumingService(stack, 'notification'),
    consumingService(stack, 'search'),
  ];
}

/** A service with views: it has a database, and waits by itself for the log and for Kafka. */
function consumingService(
  stack: Stack,
  area: 'messaging' | 'notification' | 'search',
): StackService {
  const { ports } = stack;
  return {
    name: `${area}-service`,
    folder: `${area}-service`,
    main: 'main.ts',
    grpcPort: ports[area],
    opsPort: ports[`${area}Ops`],
    consumes: true,
    needs: ['postgres'],
    // It leaves its group before Kafka goes, or the next start would wait for its place to run out.
    uses: ['kafka'],
    environment: {
      [`NOVA_${area.toUpperCase()}_DATABASE_URL`]: stack.databaseUrl(`nova_${area}`),
      NOVA_EVENTS_URL: `localhost:${ports.events}`,
      NOVA_KAFKA_BROKERS: `localhost:${ports.kafka}`,
      ...redisOf(stack),
    },
  };
}

/** Where Redis would be; a service opens it only when a setting wants something of it. */
function redisOf({ ports }: Stack) {
  return { NOVA_REDIS_URL: `redis://localhost:${ports.redis}` };
}
