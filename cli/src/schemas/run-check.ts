import {
  type CheckEventSchemaResponse,
  CheckEventSchemaResponseSchema,
} from '@nova/proto/gen/events/event_schemas_pb';
import { toJson } from '@nova/proto/runtime';
import type { ExitCode } from '../verb.ts';
import {
  type Call,
  incompatibilityLine,
  RULES,
  type RuleName,
  readSchema,
  ruleName,
  withSchemas,
} from './schema-call.ts';

/** `schema check`: 1 where the rule would refuse it. @throws CLI_WRONG_USE, RpcError */
export async function runCheck(
  call: Call,
  wishes: { readonly compatibility: RuleName },
): Promise<ExitCode> {
  const answer = await ask(call, wishes.compatibility);
  const { out, args } = call;
  if (out.format === 'table') {
    const rule = ruleName(answer.compatibility);
    for (const one of answer.incompatibilities) out.line(incompatibilityLine(one));
    out.line(
      answer.compatible
        ? `${args[0]}: may be version ${answer.nextVersion} (${rule})`
        : `${args[0]}: refused, the type is ${rule}`,
    );
  }
  return answer.compatible ? 0 : 1;
}

/** `schema diff`: 1 where it would break somebody. @throws CLI_WRONG_USE, RpcError */
export async function runDiff(call: Call): Promise<ExitCode> {
  const answer = await ask(call, 'KEEP');
  const { out } = call;
  const { breaks, brokenConsumers, unaffectedConsumers } = answer;
  if (out.format === 'table') {
    for (const one of breaks) out.line(incompatibilityLine(one));
    for (const name of brokenConsumers) out.line(`${out.style.bad('breaks')} ${name}`);
    for (const name of unaffectedConsumers) out.line(`spares ${name}: reads none of that`);
    if (breaks.length === 0) out.line('breaks nobody: readers of the last version understand it');
    else if (brokenConsumers.length === 0)
      out.line('breaks nobody yet: no consumer reads that of the type');
  }
  return brokenConsumers.length === 0 ? 0 : 1;
}

async function ask(call: Call, rule: RuleName): Promise<CheckEventSchemaResponse> {
  const [eventType = '', path = ''] = call.args;
  const schema = await readSchema(path);
  const answer = await withSchemas(call, (client) =>
    client.checkEventSchema({ eventType, schema, compatibility: RULES[rule] }),
  );
  if (call.out.format === 'json') {
    call.out.json(toJson(CheckEventSchemaResponseSchema, answer, { useProtoFieldName: true }));
  }
  return answer;
}
