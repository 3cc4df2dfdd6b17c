import type { EventField, EventType } from '@nova/events';

/**
 * What publishers or readers of the old types would be broken by, one sentence each. `buf breaking`
 * guards names, numbers and types of fields; this guards what the options say.
 *
 * @param before types without drafts
 */
export function incompatibilities(
  before: readonly EventType[],
  after: readonly EventType[],
): string[] {
  const now = new Map(after.map((eventType) => [eventType.type, eventType]));
  return before.flatMap((old) => {
    const eventType = now.get(old.type);
    if (eventType === undefined) return [`${old.type} is gone`];
    return [...typeChanges(old, eventType), ...fieldChanges(old, eventType)];
  });
}

function typeChanges(old: EventType, eventType: EventType): string[] {
  const { type } = old;
  const changes: string[] = [];
  if (old.aggregateType !== eventType.aggregateType)
    changes.push(`${type} changed its aggregate type`);
  if (JSON.stringify(old.keyRule) !== JSON.stringify(eventType.keyRule)) {
    changes.push(`${type} changed its key rule`);
  }
  if (eventType.schemaVersion < old.schemaVersion)
    changes.push(`${type} has a lower schema version`);
  if (eventType.draft) changes.push(`${type} became a draft again`);
  return changes;
}

function fieldChanges(old: EventType, eventType: EventType): string[] {
  return eventType.fields.flatMap((field) => {
    const before = old.fields.find(({ name }) => name === field.name);
    const name = `${eventType.type}.${field.name}`;
    if (before !== undefined) return stricter(before, field).map((what) => `${name} ${what}`);
    return field.required ? [`${name} is new and required`] : [];
  });
}

function stricter(before: EventField, field: EventField): string[] {
  const changes: string[] = [];
  if (field.required && !before.required) changes.push('became required');
  if (field.uuid && !before.uuid) changes.push('must now be a UUID');
  if (before.personal && !field.personal) changes.push('is no longer personal');
  if (isNarrower(before.values, field.values)) changes.push('allows fewer values');
  if (isLowered(before.maxItems, field.maxItems) || isLowered(before.maximum, field.maximum)) {
    changes.push('has a lower maximum');
  }
  if (isRaised(before.minimum, field.minimum)) changes.push('has a higher minimum');
  return changes;
}

// An empty list allows everything.
function isNarrower(before: readonly string[], now: readonly string[]): boolean {
  if (now.length === 0) return false;
  return before.length === 0 || before.some((value) => !now.includes(value));
}

function isLowered(before: number | undefined, now: number | undefined): boolean {
  return now !== undefined && now < (before ?? Number.POSITIVE_INFINITY);
}

function isRaised(before: number | undefined, now: number | undefined): boolean {
  return now !== undefined && now > (before ?? Number.NEGATIVE_INFINITY);
}
