import { decodeRecord, type StoredEvent } from '@nova/events';
import type { LogEvent } from '@nova/proto/gen/events/event_log_pb';

/**
 * An event as events-service sent it.
 *
 * @throws TypeError when it is none, which only a bug of events-service could bring about.
 */
export function storedEventOf({ topic, partition, key, value, headers }: LogEvent): StoredEvent {
  const decoded = decodeRecord(topic, partition, key, value, headers);
  if (!decoded.ok) throw new TypeError(`events-service sent what is no event: ${decoded.reason}`);
  return decoded.event;
}
