import { catalogue } from '@nova/events';
import type {
  ListEventSchemasRequest,
  ListEventSchemasResponseSchema,
} from '@nova/proto/gen/events/event_schemas_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { ownSchemaMessage, schemaMessage } from '../domain/schema-message.ts';
import { allSchemas } from '../storage/event-schemas.ts';
import type { Dependencies } from './dependencies.ts';

const METHOD = 'events.EventsService/ListEventSchemas';
const SIZES = { default: 100, maximum: 500 };

type Response = MessageInitShape<typeof ListEventSchemasResponseSchema>;

/** Lists the event types by name, without their schemas. */
export function listEventSchemas({ database, pageTokens }: Dependencies) {
  return async (request: ListEventSchemasRequest): Promise<Response> => {
    const { owner, includeBuiltIn, pageToken } = request;
    const filter = [owner, includeBuiltIn];
    const size = pageTokens.pageSize(request.pageSize, SIZES);
    const after = String(pageTokens.decode(METHOD, filter, pageToken) ?? '');
    const own = includeBuiltIn ? catalogue.all().map((one) => ownSchemaMessage(one, false)) : [];
    const registered = await allSchemas(database);
    const all = [...own, ...registered.map((one) => schemaMessage(one))]
      .map((schema) => ({ name: schema.eventType ?? '', schema }))
      .filter(({ name, schema }) => name > after && (owner === '' || schema.owner === owner))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
    const page = all.slice(0, size);
    const last = all.length > size ? page.at(-1) : undefined;
    return {
      schemas: page.map(({ schema }) => schema),
      nextPageToken: last === undefined ? '' : pageTokens.encode(METHOD, filter, last.name),
    };
  };
}
