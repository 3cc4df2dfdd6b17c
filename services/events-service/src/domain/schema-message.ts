import { type EventType, eventSchema, topicOf } from '@nova/events';
import {
  type EventTypeSchemaSchema,
  SchemaCompatibility,
} from '@nova/proto/gen/events/event_schemas_pb';
import type { JsonObject, MessageInitShape } from '@nova/proto/runtime';
import { instantOf } from './event-time.ts';
import type { Violations } from './violations.ts';

/** The rules by their names. */
export const RULES = {
  BACKWARD: SchemaCompatibility.BACKWARD,
  FORWARD: SchemaCompatibility.FORWARD,
  FULL: SchemaCompatibility.FULL,
  BACKWARD_ALL: SchemaCompatibility.BACKWARD_ALL,
  FORWARD_ALL: SchemaCompatibility.FORWARD_ALL,
  FULL_ALL: SchemaCompatibility.FULL_ALL,
  NONE: SchemaCompatibility.NONE,
} as const;

/** The name of a rule. */
export type Rule = keyof typeof RULES;

/** A type with a schema, as answers carry it. */
export type SchemaMessage = MessageInitShape<typeof EventTypeSchemaSchema>;

/** What is told of a registered type. */
export interface ToldSchema {
  readonly eventType: string;
  readonly aggregateType: string;
  readonly owner: string;
  readonly compatibility: Rule;
  readonly deprecationReason: string | undefined;
  readonly latestVersion: number;
  readonly version: number;
  readonly registeredBy: string;
  readonly registeredAt: string;
}

/** The rule that a request names; undefined where it names none. */
export function acceptRule(given: SchemaCompatibility, violations: Violations): Rule | undefined {
  switch (given) {
    case SchemaCompatibility.UNSPECIFIED:
      return undefined;
    case SchemaCompatibility.BACKWARD:
      return 'BACKWARD';
    case SchemaCompatibility.FORWARD:
      return 'FORWARD';
    case SchemaCompatibility.FULL:
      return 'FULL';
    case SchemaCompatibility.BACKWARD_ALL:
      return 'BACKWARD_ALL';
    case SchemaCompatibility.FORWARD_ALL:
      return 'FORWARD_ALL';
    case SchemaCompatibility.FULL_ALL:
      return 'FULL_ALL';
    case SchemaCompatibility.NONE:
      return 'NONE';
    default:
      violations.add('compatibility', 'must be one of SCHEMA_COMPATIBILITY_…');
      return undefined;
  }
}

/** A registered type; in lists without its schema. */
export function schemaMessage(told: ToldSchema, schema?: JsonObject): SchemaMessage {
  return {
    eventType: told.eventType,
    version: told.version,
    aggregateType: told.aggregateType,
    owner: told.owner,
    compatibility: RULES[told.compatibility],
    topic: topicOf(told.eventType),
    deprecated: told.deprecationReason !== undefined,
    deprecationReason: told.deprecationReason ?? '',
    registeredAt: instantOf(told.registeredAt),
    registeredBy: told.registeredBy,
    latestVersion: told.latestVersion,
    ...(schema === undefined ? {} : { schema }),
  };
}

/** A type of the catalogue. Its proto message may only grow, which is the rule of its schema. */
export function ownSchemaMessage(eventType: EventType, withSchema: boolean): SchemaMessage {
  const { type, schemaVersion, aggregateType, owner, topic } = eventType;
  return {
    eventType: type,
    version: schemaVersion,
    aggregateType,
    owner,
    compatibility: SchemaCompatibility.BACKWARD,
    topic,
    builtIn: true,
    latestVersion: schemaVersion,
    ...(withSchema ? { schema: eventSchema(eventType) } : {}),
  };
}
