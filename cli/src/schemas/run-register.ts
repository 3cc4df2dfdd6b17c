import {
  DeprecateEventSchemaResponseSchema,
  RegisterEventSchemaResponseSchema,
} from '@nova/proto/gen/events/event_schemas_pb';
import { toJson } from '@nova/proto/runtime';
import type { ExitCode } from '../verb.ts';
import {
  type Call,
  RULES,
  type RuleName,
  readSchema,
  ruleName,
  withSchemas,
} from './schema-call.ts';

/** `schema register`. @throws CLI_WRONG_USE, RpcError */
export async function runRegister(
  call: Call,
  wishes: {
    readonly aggregateType: string | undefined;
    readonly owner: string | undefined;
    readonly compatibility: RuleName;
  },
): Promise<ExitCode> {
  const [eventType = '', path = ''] = call.args;
  const schema = await readSchema(path);
  const answer = await withSchemas(call, (client) =>
    client.registerEventSchema({
      eventType,
      aggregateType: wishes.aggregateType ?? '',
      owner: wishes.owner ?? '',
      schema,
      compatibility: RULES[wishes.compatibility],
    }),
  );
  const { out } = call;
  if (out.format === 'json') {
    out.json(toJson(RegisterEventSchemaResponseSchema, answer, { useProtoFieldName: true }));
    return 0;
  }
  const { version = 0, topic = '', compatibility = 0 } = answer.schema ?? {};
  const what = answer.created ? 'registered' : 'registered before';
  out.line(`${eventType} version ${version} ${what}: ${ruleName(compatibility)}, topic ${topic}`);
  return 0;
}

/** `schema deprecate`. @throws RpcError */
export async function runDeprecate(
  call: Call,
  wishes: { readonly reason: string | undefined; readonly undo: boolean },
): Promise<ExitCode> {
  const [eventType = ''] = call.args;
  const { reason = '', undo } = wishes;
  const answer = await withSchemas(call, (client) =>
    client.deprecateEventSchema({ eventType, reason, undo }),
  );
  const { out } = call;
  if (out.format === 'json') {
    out.json(toJson(DeprecateEventSchemaResponseSchema, answer, { useProtoFieldName: true }));
  } else {
    out.line(undo ? `${eventType} is not deprecated any more` : `${eventType} is deprecated`);
  }
  return 0;
}
