import {
  type PortReservation,
  requireFreePorts,
  reservePorts,
  type WantedPort,
} from '@nova/servers';
import type { Stack } from './stack.ts';

/** The ports that a stack listens on, with the words for when one is busy. */
export function wantedPorts({
  ports,
  portOffset,
}: Pick<Stack, 'ports' | 'portOffset'>): WantedPort[] {
  const setting = portOffset === 0 ? '--port-offset' : `--port-offset ${portOffset}`;
  const wanted = [
    [ports.postgres, 'PostgreSQL'],
    [ports.kafka, 'Kafka'],
    [ports.kafkaController, 'the controller of Kafka'],
    [ports.redis, 'Redis'],
    [ports.events, 'gRPC of events-service'],
    [ports.eventsOps, 'ops HTTP of events-service'],
    [ports.relayOps, 'ops HTTP of the relay'],
    [ports.messaging, 'gRPC of messaging-service'],
    [ports.messagingOps, 'ops HTTP of messaging-service'],
    [ports.notification, 'gRPC of notification-service'],
    [ports.notificationOps, 'ops HTTP of notification-service'],
    [ports.search, 'gRPC of search-service'],
    [ports.searchOps, 'ops HTTP of search-service'],
  ] as const;
  return wanted.map(([port, what]) => ({ port, what, setting }));
}

/**
 * Looks whether everything can listen, before anything is started, and keeps the ports from being
 * taken by connections from then on.
 *
 * @throws SERVERS_PORT_BUSY with the port, its setting and the process that has it.
 */
export async function takePorts(stack: Stack): Promise<PortReservation> {
  const wanted = wantedPorts(stack);
  await requireFreePorts(wanted);
  return reservePorts(wanted.map(({ port }) => port));
}
