import { NovaError } from '@nova/errors';
import type { SchemaIncompatibilitySchema } from '@nova/proto/gen/events/event_schemas_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Incompatibility } from '@nova/schemas';
import type { Rule } from '../domain/schema-message.ts';
import { errors } from '../errors.ts';

const MAX_VIOLATIONS = 20;

/** The error of a version that the rule of its type does not allow. */
export function incompatible(
  eventType: string,
  compatibility: Rule,
  found: readonly Incompatibility[],
): NovaError {
  const [first] = found;
  return new NovaError(
    errors.SCHEMA_INCOMPATIBLE,
    { event_type: eventType, compatibility, first: first === undefined ? '' : textOf(first) },
    {
      violations: found.slice(0, MAX_VIOLATIONS).map((one) => ({
        field: one.path,
        description: textOf(one),
      })),
    },
  );
}

/** An incompatibility as answers carry it. */
export function incompatibilityMessage(
  one: Incompatibility,
): MessageInitShape<typeof SchemaIncompatibilitySchema> {
  const { path, message, version, direction, verdict } = one;
  return { path, message, version, direction, unjudged: verdict === 'unjudged' };
}

function textOf({ path, message, version, direction }: Incompatibility): string {
  const who =
    direction === 'backward'
      ? `readers of the new version, events of version ${version}`
      : `readers of version ${version}, events of the new one`;
  return `${path} (${who}): ${message}`;
}
