import { catalogue, eventSchema } from '@nova/events';
import type {
  CheckEventSchemaRequest,
  CheckEventSchemaResponseSchema,
} from '@nova/proto/gen/events/event_schemas_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { onlyFields, type SchemaVersion } from '@nova/schemas';
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
 * today and go by its last version. Of consumers that have said which fields they read only those are
 * named that read one which is hit; of all others nova knows only that they read the type.
 */
export function checkEventSchema(dependencies: Dependencies) {
  const { validator } = dependencies;
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
    const readers = breaks.length === 0 ? NOBODY : await readersOf(dependencies, request, before);
    return {
      compatible: found.length === 0,
      incompatibilities: found.map(incompatibilityMessage),
      compatibility: RULES[rule],
      nextVersion: (before.versions.at(-1)?.version ?? 0) + 1,
      breaks: breaks.map(incompatibilityMessage),
      brokenConsumers: readers.broken,
      unaffectedConsumers: readers.unaffected,
    };
  };
}

const NOBODY = { broken: [], unaffected: [] };

async function readersOf(
  { database, validator }: Dependencies,
  { eventType, schema: next = {} }: CheckEventSchemaRequest,
  { versions, aggregateType }: History,
): Promise<{ readonly broken: string[]; readonly unaffected: string[] }> {
  const [broken, unaffected]: [string[], string[]] = [[], []];
  for (const { service, consumer, eventTypes, fields } of await knownConsumers(database)) {
    if (!eventTypes.includes(eventType)) continue;
    const read = fields[eventType];
    const isHit = read === undefined || (await breaksReaderOf(read));
    (isHit ? broken : unaffected).push(`${service}/${consumer}`);
  }
  broken.push(...(await subscriptionsOn(database, eventType, aggregateType)));
  return { broken, unaffected };

  async function breaksReaderOf(read: readonly string[]): Promise<boolean> {
    const narrow = versions
      .slice(-1)
      .map(({ version, schema }) => ({ version, schema: onlyFields(schema, read) }));
    return (await validator.judge('FORWARD', narrow, next)).length > 0;
  }
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
