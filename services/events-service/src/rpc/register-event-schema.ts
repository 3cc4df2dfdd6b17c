import { NovaError } from '@nova/errors';
import { canonicalJson } from '@nova/events';
import type {
  RegisterEventSchemaRequest,
  RegisterEventSchemaResponseSchema,
} from '@nova/proto/gen/events/event_schemas_pb';
import type { JsonObject, MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptHeader, checkNewTypeName } from '../domain/accept-schema.ts';
import { invalid } from '../domain/refusal.ts';
import { acceptRule, type Rule, schemaMessage } from '../domain/schema-message.ts';
import { topicsOf } from '../domain/topics.ts';
import { Violations } from '../domain/violations.ts';
import { errors } from '../errors.ts';
import {
  changeSchemas,
  keepCompatibility,
  keepVersion,
  type NewSchema,
  neighboursOf,
  parsedSchema,
  type RegisteredSchema,
  schemaOf,
  versionsOf,
} from '../storage/event-schemas.ts';
import type { Dependencies } from './dependencies.ts';
import { checkGivenSchema } from './given-schema.ts';
import { incompatible } from './incompatible.ts';

const MAX_TYPES = 1_000;
/** What an event's `previous` has room for (DECISIONS 3). */
const MAX_TYPES_OF_AGGREGATE = 32;
const MAX_VERSIONS = 500;

type Response = MessageInitShape<typeof RegisterEventSchemaResponseSchema>;

/**
 * Registers the next version of a schema:
 *
 *   judged against the versions there are ──▶ topics made ──▶ stored, unless another one was meanwhile
 *
 * So of two that register at once, one is first; the other one is told (SCHEMA_CHANGED), or answered
 * with the same version where it brought the same schema. A type that is stored has its topics.
 */
export function registerEventSchema(dependencies: Dependencies) {
  const { database, validator, admin, types } = dependencies;
  return async (request: RegisterEventSchemaRequest, call: Call): Promise<Response> => {
    const schema = request.schema ?? {};
    const { wanted, rule, versions } = await accept(dependencies, request, schema, call);
    const last = versions.at(-1);
    if (last?.schemaText === wanted.schemaText) return present(dependencies, last, rule);
    await checkRoom(dependencies, wanted, versions);
    if (last !== undefined) {
      const earlier = versions.map((one) => ({ version: one.version, schema: parsedSchema(one) }));
      const found = await validator.judge(wanted.compatibility, earlier, schema);
      if (found.length > 0) throw incompatible(wanted.eventType, wanted.compatibility, found);
    }
    await admin.ensureTopics(topicsOf(wanted.eventType));
    const version = (last?.version ?? 0) + 1;
    const created = await changeSchemas(database, async (tx, revision) => {
      const now = await schemaOf(tx, wanted.eventType);
      if (now?.version === last?.version && now?.compatibility === last?.compatibility) {
        await keepVersion(tx, wanted, { version, revision });
        return true;
      }
      if (now?.schemaText === wanted.schemaText) return false;
      throw changed(wanted.eventType, now?.version ?? 0);
    });
    await types.refresh();
    return { ...(await answer(dependencies, wanted.eventType)), created };
  };
}

async function accept(
  { database, validator }: Dependencies,
  request: RegisterEventSchemaRequest,
  schema: JsonObject,
  call: Call,
) {
  const violations = new Violations();
  const { eventType } = request;
  checkNewTypeName(eventType, violations);
  const rule = acceptRule(request.compatibility, violations);
  const versions = violations.none ? await versionsOf(database, eventType) : [];
  const last = versions.at(-1);
  const header = acceptHeader(request, last, violations);
  await checkGivenSchema(request.schema, validator, violations);
  if (!violations.none) throw invalid(violations);
  const wanted: NewSchema = {
    eventType,
    aggregateType: header.aggregateType,
    owner: header.owner,
    compatibility: last?.compatibility ?? rule ?? 'BACKWARD',
    schemaText: canonicalJson(schema),
    registeredBy: call.caller.principal,
  };
  if (last !== undefined && last.schemaText !== wanted.schemaText) {
    if (rule !== undefined && rule !== last.compatibility) {
      violations.add(
        'compatibility',
        `is ${last.compatibility}; register the present schema with ${rule} to change it, then this one`,
      );
      throw invalid(violations);
    }
  }
  return { wanted, rule, versions };
}

/** The schema is the present one: at most its rule changes. */
async function present(
  dependencies: Dependencies,
  { eventType, compatibility, deprecationReason }: RegisteredSchema,
  rule: Rule | undefined,
): Promise<Response> {
  const { database, types } = dependencies;
  if (rule !== undefined && rule !== compatibility) {
    if (deprecationReason !== undefined) throw deprecated(eventType, deprecationReason);
    await changeSchemas(database, (tx, revision) =>
      keepCompatibility(tx, eventType, rule, revision),
    );
    await types.refresh();
  }
  return { ...(await answer(dependencies, eventType)), created: false };
}

async function answer({ database }: Dependencies, eventType: string): Promise<Response> {
  const kept = await schemaOf(database, eventType);
  if (kept === undefined) throw new TypeError(`${eventType} was stored, but is not there`);
  // Written from the JSON of a request.
  return { schema: schemaMessage(kept, JSON.parse(kept.schemaText) as JsonObject) };
}

async function checkRoom(
  { database }: Dependencies,
  wanted: NewSchema,
  versions: readonly RegisteredSchema[],
): Promise<void> {
  const { eventType, aggregateType, owner } = wanted;
  const reason = versions.at(-1)?.deprecationReason;
  if (reason !== undefined) throw deprecated(eventType, reason);
  if (versions.length >= MAX_VERSIONS) {
    throw limit(`${eventType} has ${MAX_VERSIONS} versions, which is the most`);
  }
  if (versions.length > 0) return;
  const { types, siblings, siblingOwner } = await neighboursOf(database, wanted);
  if (siblingOwner !== undefined && siblingOwner !== owner) {
    const violations = new Violations();
    violations.add('aggregate_type', `belongs to ${siblingOwner}`);
    throw invalid(violations);
  }
  if (types >= MAX_TYPES) throw limit(`${MAX_TYPES} event types are registered, which is the most`);
  if (siblings >= MAX_TYPES_OF_AGGREGATE) {
    throw limit(`${aggregateType} has ${MAX_TYPES_OF_AGGREGATE} event types, which is the most`);
  }
}

function limit(what: string): NovaError {
  return new NovaError(errors.SCHEMA_LIMIT_REACHED, { what });
}

function deprecated(eventType: string, reason: string): NovaError {
  return new NovaError(errors.SCHEMA_DEPRECATED, { event_type: eventType, reason });
}

function changed(eventType: string, version: number): NovaError {
  return new NovaError(errors.SCHEMA_CHANGED, { event_type: eventType, version });
}
