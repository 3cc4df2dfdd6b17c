import { NovaError } from '@nova/errors';
import type {
  DeprecateEventSchemaRequest,
  DeprecateEventSchemaResponseSchema,
} from '@nova/proto/gen/events/event_schemas_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { invalid } from '../domain/refusal.ts';
import { schemaMessage } from '../domain/schema-message.ts';
import { identifierProblem } from '../domain/text.ts';
import { Violations } from '../domain/violations.ts';
import { errors } from '../errors.ts';
import { changeSchemas, keepDeprecation, schemaOf } from '../storage/event-schemas.ts';
import type { Dependencies } from './dependencies.ts';

const MAX_REASON_BYTES = 255;

type Response = MessageInitShape<typeof DeprecateEventSchemaResponseSchema>;

/** Says that a registered type should not be used any more, or takes that back. */
export function deprecateEventSchema({ database, types }: Dependencies) {
  return async (request: DeprecateEventSchemaRequest): Promise<Response> => {
    const violations = new Violations();
    const { eventType, reason, undo } = request;
    if (eventType === '') violations.add('event_type', 'is required');
    if (!undo && reason === '') violations.add('reason', 'is required: what to use instead');
    const problem = identifierProblem(reason, MAX_REASON_BYTES);
    if (problem !== undefined) violations.add('reason', problem);
    if (!violations.none) throw invalid(violations);
    const kept = await changeSchemas(database, async (tx, revision) => {
      await keepDeprecation(tx, eventType, undo ? undefined : reason, revision);
      return schemaOf(tx, eventType);
    });
    if (kept === undefined) {
      const name = eventType.slice(0, 100).toWellFormed();
      throw new NovaError(errors.SCHEMA_UNKNOWN, { name });
    }
    await types.refresh();
    return { schema: schemaMessage(kept) };
  };
}
