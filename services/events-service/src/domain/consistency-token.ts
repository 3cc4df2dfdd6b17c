import { encodeToken, type TokenEntry } from '@nova/events';
import type { Appended, Condition } from '@nova/outbox';

/**
 * The token of what was appended: per aggregate its last position and, per event type, its highest
 * version. Empty when nothing was.
 */
export function appendToken(events: readonly Appended[]): string {
  const entries = new Map<string, TokenEntry>();
  for (const appended of events) {
    const { aggregateType, aggregateId, eventType, position, aggregateVersion } = appended;
    const key = `${aggregateType}/${aggregateId}`;
    const before = entries.get(key);
    const known = before?.versions[eventType] ?? 0n;
    entries.set(key, {
      aggregateType,
      aggregateId,
      epoch: position.epoch,
      position:
        before === undefined || position.position > before.position
          ? position.position
          : before.position,
      versions: {
        ...before?.versions,
        [eventType]: aggregateVersion > known ? aggregateVersion : known,
      },
    });
  }
  return entries.size === 0 ? '' : encodeToken([...entries.values()]);
}

/** The token of a command that changed nothing: it names what the decision was made on. */
export function noChangeToken(
  conditions: readonly Condition[],
  head: { readonly epoch: string; readonly position: bigint },
): string {
  const entries = conditions
    .filter((condition) => condition.kind === 'none_since')
    .map(({ aggregateType, aggregateId, eventTypes, version }) => ({
      aggregateType,
      aggregateId,
      ...head,
      versions: Object.fromEntries(eventTypes.map((type) => [type, version])),
    }));
  return entries.length === 0 ? '' : encodeToken(entries);
}
