import { NovaError } from '@nova/errors';
import { catalogue } from '@nova/events';
import type { Database } from '@nova/postgres';
import type {
  GetEventSchemaRequest,
  GetEventSchemaResponseSchema,
} from '@nova/proto/gen/events/event_schemas_pb';
import type { JsonObject, MessageInitShape } from '@nova/proto/runtime';
import { invalid } from '../domain/refusal.ts';
import { ownSchemaMessage, type SchemaMessage, schemaMessage } from '../domain/schema-message.ts';
import { Violations } from '../domain/violations.ts';
import { errors } from '../errors.ts';
import { schemaOf } from '../storage/event-schemas.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof GetEventSchemaResponseSchema>;

/** A version of the schema of a registered type, or the schema of a type of nova's own. */
export function getEventSchema({ database }: Dependencies) {
  return async ({ eventType, version }: GetEventSchemaRequest): Promise<Response> => {
    const violations = new Violations();
    if (eventType === '') violations.add('event_type', 'is required');
    if (version < 0) violations.add('version', 'must not be negative');
    if (!violations.none) throw invalid(violations);
    const schema =
      ownSchema(eventType, version) ?? (await registered(database, eventType, version));
    if (schema !== undefined) return { schema };
    const name = version === 0 ? eventType : `${eventType}:${version}`;
    throw new NovaError(errors.SCHEMA_UNKNOWN, { name: name.slice(0, 100).toWellFormed() });
  };
}

function ownSchema(eventType: string, version: number): SchemaMessage | undefined {
  const own = catalogue.get(eventType);
  return own !== undefined && [0, own.schemaVersion].includes(version)
    ? ownSchemaMessage(own, true)
    : undefined;
}

async function registered(
  database: Database,
  eventType: string,
  version: number,
): Promise<SchemaMessage | undefined> {
  const kept = await schemaOf(database, eventType, version);
  // Written from the JSON of a request.
  return kept && schemaMessage(kept, JSON.parse(kept.schemaText) as JsonObject);
}
