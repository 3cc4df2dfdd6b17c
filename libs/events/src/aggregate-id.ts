import type { JsonObject, JsonValue } from '@nova/proto/runtime';
import { idFault } from './check-field.ts';
import { directConversationId } from './derived-ids.ts';
import type { EventType, KeyRule } from './event-type.ts';
import { derivedId, isCanonicalUuid } from './uuid.ts';
import type { Violations } from './violations.ts';

const PATH = 'aggregate_id';

/**
 * The aggregate id of an event: the given one, or where none is given the one that follows from the
 * payload. Reports an id that is missing, not canonical or not the one the payload leads to.
 *
 * @param fields the payload under its field names; fields may be wrong, which others report
 */
export function aggregateIdOf(
  eventType: EventType,
  given: string,
  fields: JsonObject,
  violations: Violations,
): string {
  if (!checkGivenId(given, violations)) return given;
  const { keyRule } = eventType;
  const expected = expectedId(keyRule, fields, violations);
  if (given === '') {
    // Where the payload should lead to it but does not, the field at fault is reported instead.
    if (expected === undefined && leadsNowhere(keyRule, fields)) {
      violations.add(PATH, 'is required');
    }
    return expected ?? '';
  }
  if (expected !== undefined && expected !== given) {
    if (keyRule.kind === 'field') {
      violations.add(`payload.${keyRule.field}`, `must equal the aggregate id ${given}`);
    } else {
      violations.add(PATH, `must be ${expected}, the id derived from ${sourceOf(keyRule)}`);
    }
  }
  return given;
}

/** Reports a given id that is not canonical; an empty one was not given. True when it is sound. */
export function checkGivenId(given: string, violations: Violations): boolean {
  const fault = given === '' ? undefined : idFault(given);
  if (fault !== undefined) violations.add(PATH, fault);
  return fault === undefined;
}

function expectedId(rule: KeyRule, fields: JsonObject, violations: Violations): string | undefined {
  switch (rule.kind) {
    case 'uuid':
      return undefined;
    case 'field':
      return idIn(fields[rule.field]);
    case 'derived': {
      const ids = rule.fields.map((field) => idIn(fields[field]));
      if (ids.includes(undefined)) return undefined;
      return derivedId(
        rule.name.replaceAll(/\{(\w+)\}/g, (_, field: string) => String(fields[field])),
      );
    }
    case 'direct_pair':
      return fields[rule.kindField] === 'direct'
        ? directPairId(rule, fields, violations)
        : undefined;
  }
}

function directPairId(
  rule: Extract<KeyRule, { kind: 'direct_pair' }>,
  fields: JsonObject,
  violations: Violations,
): string | undefined {
  const creator = idIn(fields[rule.creatorField]);
  const members = fields[rule.membersField] ?? [];
  if (creator === undefined || !Array.isArray(members)) return undefined;
  const ids = members.map(idIn);
  if (ids.includes(undefined)) return undefined;
  const [other, ...more] = new Set(ids.filter((id) => id !== creator));
  if (other === undefined || more.length > 0) {
    violations.add(
      `payload.${rule.membersField}`,
      'must name exactly one user besides the creator, because the conversation is direct',
    );
    return undefined;
  }
  return directConversationId(creator, other);
}

// Whether nothing in the payload could have given the id, so that leaving it out is the mistake.
function leadsNowhere(rule: KeyRule, fields: JsonObject): boolean {
  return (
    rule.kind === 'uuid' || (rule.kind === 'direct_pair' && fields[rule.kindField] === 'group')
  );
}

function sourceOf(rule: KeyRule): string {
  if (rule.kind === 'derived') return rule.fields.join(' and ');
  return rule.kind === 'direct_pair' ? 'the two members' : 'the payload';
}

function idIn(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && isCanonicalUuid(value) ? value : undefined;
}
