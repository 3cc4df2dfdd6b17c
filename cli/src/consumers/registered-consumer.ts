import { formatTime } from '@nova/events';
import type { EventsService } from '@nova/proto/gen/events/events_service_pb';
import type { Client } from '@nova/rpc';

/** A consumer that has registered with the log, whichever team it is of. */
export interface RegisteredConsumer {
  /** `messaging/views` */
  readonly name: string;
  readonly service: string;
  readonly consumer: string;
  readonly generation: number;
  readonly eventTypes: readonly string[];
  /** RFC 3339. */
  readonly lastSeenAt: string;
  /** Where its processes answer operators, `host:port` each; empty when none runs. */
  readonly addresses: readonly string[];
  /** Where the last one that ran did. */
  readonly lastAddress: string;
}

/** All of them, by name. Fails with RpcError. */
export async function registeredConsumers(
  client: Pick<Client<typeof EventsService>, 'listConsumers'>,
): Promise<readonly RegisteredConsumer[]> {
  const { consumers } = await client.listConsumers({}, { waitForReady: true });
  return consumers.map(({ service, consumer, generation, eventTypes, ...told }) => ({
    name: `${service}/${consumer}`,
    service,
    consumer,
    generation,
    eventTypes,
    lastSeenAt: timeText(told.lastSeenAt),
    // While generations change, a process is there once for each.
    addresses: [...new Set(told.members.map(({ opsAddress }) => opsAddress))],
    lastAddress: told.opsAddress,
  }));
}

/** A time of an answer as RFC 3339; '' for none. */
export function timeText(
  time: { readonly seconds: bigint; readonly nanos: number } | undefined,
): string {
  return time === undefined ? '' : (formatTime(time) ?? '');
}
