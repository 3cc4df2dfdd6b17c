import { catalogue, eventSchema } from '@nova/events';
import type {
  CheckEventSchemaRequest,
  CheckEventSchemaResponseSchema,
} from '@nova/proto/gen/events/event_schemas_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { SchemaVersion } from '@nova/schemas';
import { checkNewTypeName } from '../domain/accept-schema.ts';
import { invalid } from '../domain/refusal.ts';
import { acceptRule, RULES, type Rule } from '../domain/schema-message.ts';
import { Violations } from '../domain/violations.ts';
import { knownConsumers } from '../storage/consumers.ts';
import { parsedSchema, versionsOf } from '../storage/event-schemas.ts';
import { subscriptionsOn } from '../storage/subscriptions/readers.ts';
import type { Dependencies } from './dependencies.ts';
import { checkGivenSchema } from './given-schema.ts';
import { incompatibilityMessage } from './incompatible.ts';

type Response = MessageInitShape<typeof CheckEventSchemaResponseSchema>;

/**
 * What registering a schema would be refused for, and whom it would break: those that read the type
 * today and go by its last version. Nova knows which types a consumer reads, not which fields, so it
 * names all of them.
 */
export function checkEventSchema(dependencies: Dependencies) {
  const { database, validator } = dependencies;
  return async (request: CheckEventSchemaRequest): Promise<Response> => {
    const violations = new Violations();
    const { eventType, schema: next = {} } = request;
    const given = acceptRule(request.compatibility, violations);
    const before = await historyOf(dependencies, eventType, violations);
    await checkGivenSchema(request.schema, validator, violations);
    if (!violations.none) throw invalid(violations);
    const rule = given ?? before.rule;
    const found = await validator.judge(rule, before.versions, next);
    const breaks = await validator.judge('FORWARD', before.versions, next);
    const readers =
      breaks.length === 0
        ? []
        : [
            ...(await knownConsumers(database))
              .filter(({ eventTypes }) => eventTypes.includes(eventType))
              .map(({ service, consumer }) => `${service}/${consumer}`),
            ...(await subscriptionsOn(database, eventType, before.aggregateType)),
          ];
    return {
      compatible: found.length === 0,
      incompatibilities: found.map(incompatibilityMessage),
      compatibility: RULES[rule],
      nextVersion: (before.versions.at(-1)?.version ?? 0) + 1,
      breaks: breaks.map(incompatibilityMessage),
      brokenConsumers: readers,
    };
  };
}

interface History {
  readonly rule: Rule;
  readonly aggregateType: string;
  readonly versions: readonly SchemaVersion[];
}

async function historyOf(
  { database }: Dependencies,
  eventType: string,
  violations: Violations,
): Promise<History> {
  const own = catalogue.get(eventType);
  if (own !== undefined) {
    const { schemaVersion: version, aggregateType } = own;
    return { rule: 'BACKWARD', aggregateType, versions: [{ version, schema: eventSchema(own) }] };
  }
  checkNewTypeName(eventType, violations);
  if (!violations.none) return { rule: 'BACKWARD', aggregateType: '', versions: [] };
  const kept = await versionsOf(database, eventType);
  return {
    rule: kept.at(-1)?.compatibility ?? 'BACKWARD',
    aggregateType: kept.at(-1)?.aggregateType ?? '',
    versions: kept.map((one) => ({ version: one.version, schema: parsedSchema(one) })),
  };
}
