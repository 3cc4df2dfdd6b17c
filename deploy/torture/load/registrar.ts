import { randomUUID } from 'node:crypto';
import type { EventsService } from '@nova/proto/gen/events/events_service_pb';
import type { JsonObject } from '@nova/proto/runtime';
import { type Client, RpcError } from '@nova/rpc';
import { sleep } from '@nova/time';
import type { AskedEvent } from '../checker/history.ts';
import type { HistoryFile } from './history-file.ts';

/** Each version asks Kafka for its topics; a new type has them made. */
const VERSIONS_OF_TYPE = 10;
const PAUSE_MS = 1000;
const AGAIN_AFTER_MS = 100;

/** Statuses of a registration that is asked for again. */
const MAY_COME = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'CANCELLED']);

/** What a registrar works with. */
export interface RegistrarOptions {
  readonly client: Client<typeof EventsService>;
  readonly history: HistoryFile;
  /** Publishes an event: whether it was stored. */
  readonly publish: (event: AskedEvent) => Promise<boolean>;
  /** Nothing new is begun. */
  readonly isOver: () => boolean;
  /** Nobody waits for an answer any more. */
  readonly isLeft: () => boolean;
}

/**
 * A team that registers event types, version by version, and publishes an event of each: what
 * events-service needs Kafka for. An event that is published is in its topic, says the checker.
 *
 * @throws when a type that was registered is not known, or its next version is refused
 */
export async function registerTypes(options: RegistrarOptions): Promise<void> {
  let unique = '';
  for (let count = 0; !options.isOver(); count += 1) {
    const version = 1 + (count % VERSIONS_OF_TYPE);
    if (version === 1) unique = lettersOf(randomUUID());
    if (!(await registerVersion(options, unique, version))) return;
    await sleep(PAUSE_MS);
  }
}

/** False when nobody waits for the answer any more. */
async function registerVersion(
  options: RegistrarOptions,
  unique: string,
  version: number,
): Promise<boolean> {
  const { client, history, publish, isLeft } = options;
  const eventType = `torture_noted_${unique}`;
  const fields = Array.from({ length: version }, (_, index): [string, JsonObject] => [
    `field_${index + 1}`,
    { type: 'string' },
  ]);
  const properties: JsonObject = Object.fromEntries(fields);
  const schema = { type: 'object', properties, additionalProperties: false };
  for (;;) {
    try {
      const aggregateType = `torture_${unique}`;
      await client.registerEventSchema({ eventType, aggregateType, owner: 'torture', schema });
      break;
    } catch (thrown) {
      const reason = thrown instanceof RpcError ? thrown.status : String(thrown);
      if (!MAY_COME.has(reason)) throw thrown;
      const request = `registration of ${eventType}, version ${version}`;
      history.write({ kind: 'failed', request, reason });
      if (isLeft()) return false;
      await sleep(AGAIN_AFTER_MS);
    }
  }
  const payload = { [`field_${version}`]: 'a note' };
  const event = { id: randomUUID(), type: eventType, aggregate: randomUUID(), payload };
  const isStored = await publish(event);
  if (!isStored && !isLeft()) throw new Error(`${eventType} is registered and not known`);
  return isStored;
}

/** Names of event types have no digits. */
function lettersOf(uuid: string): string {
  return uuid.slice(0, 8).replaceAll(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));
}
