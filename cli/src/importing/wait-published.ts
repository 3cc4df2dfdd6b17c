import { parsePosition } from '@nova/events';
import type { EventsService } from '@nova/proto/gen/events/events_service_pb';
import type { Client } from '@nova/rpc';
import { sleep } from '@nova/time';

const POLL_MS = 250;

/** How far the relay is with what was in the log when the waiting began. */
export interface RelayProgress {
  readonly pending: bigint;
}

/**
 * Waits until everything that is in the log now is in Kafka as well. Resolves false when the signal
 * aborts before that.
 */
export async function waitPublished(
  client: Pick<Client<typeof EventsService>, 'getOutboxStatus'>,
  signal: AbortSignal,
  onProgress: (progress: RelayProgress) => void,
): Promise<boolean> {
  const head = positionOf((await client.getOutboxStatus({})).head);
  while (!signal.aborted) {
    const { pending, lanes } = await client.getOutboxStatus({});
    if (pending === 0n || lanes.every(({ position }) => positionOf(position) >= head)) return true;
    onProgress({ pending });
    await sleep(POLL_MS, signal);
  }
  return false;
}

function positionOf(text: string): bigint {
  return parsePosition(text)?.position ?? 0n;
}
