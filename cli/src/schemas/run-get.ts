import { EventTypeSchemaSchema } from '@nova/proto/gen/events/event_schemas_pb';
import { toJson } from '@nova/proto/runtime';
import { type ExitCode, wrongUse } from '../verb.ts';
import { allSchemas, type Call, ruleName, withSchemas } from './schema-call.ts';

/** `schema get`: the schema alone as a table, all about it as JSON. @throws CLI_WRONG_USE, RpcError */
export async function runGet(call: Call): Promise<ExitCode> {
  const [eventType = '', given = '0'] = call.args;
  if (!/^\d{1,9}$/.test(given)) throw wrongUse(`the version must be a whole number: ${given}`);
  const { schema } = await withSchemas(call, (client) =>
    client.getEventSchema({ eventType, version: Number(given) }),
  );
  if (schema === undefined) throw wrongUse(`there is no schema of ${eventType}`);
  const { out } = call;
  if (out.format === 'json') {
    out.json(toJson(EventTypeSchemaSchema, schema, { useProtoFieldName: true }));
    return 0;
  }
  if (schema.deprecated) out.note(`${eventType} is deprecated: ${schema.deprecationReason}`);
  // Without an envelope, so that it can be edited and registered again.
  out.json(schema.schema ?? {});
  return 0;
}

/** `schema list`. @throws RpcError */
export async function runList(
  call: Call,
  wishes: { readonly owner: string | undefined; readonly all: boolean },
): Promise<ExitCode> {
  const filter = { owner: wishes.owner ?? '', includeBuiltIn: wishes.all };
  const schemas = await withSchemas(call, (client) => allSchemas(client, filter));
  const { out } = call;
  if (out.format === 'json') {
    out.json(schemas.map((one) => toJson(EventTypeSchemaSchema, one, { useProtoFieldName: true })));
    return 0;
  }
  const titles = ['EVENT TYPE', 'VERSION', 'AGGREGATE', 'OWNER', 'COMPATIBILITY', 'DEPRECATED'];
  out.table(
    titles.map((title) => ({ title })),
    schemas.map((one) => [
      one.eventType,
      String(one.version),
      one.aggregateType,
      one.owner,
      one.builtIn ? 'built in' : ruleName(one.compatibility),
      one.deprecationReason,
    ]),
  );
  if (schemas.length === 0) out.note('none is registered; --all shows those of nova as well');
  return 0;
}
