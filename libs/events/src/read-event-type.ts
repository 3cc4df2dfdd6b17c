import {
  type DerivedId,
  event as eventOption,
  rules as rulesOption,
} from '@nova/proto/gen/events/options_pb';
import { type DescField, type DescMessage, getOption, hasOption } from '@nova/proto/runtime';
import type { EventField, EventType, KeyRule } from './event-type.ts';
import { formOf } from './field-form.ts';
import { topicOf } from './topics.ts';

const PLACEHOLDER = /\{(\w+)\}/g;

/**
 * The catalogue row that a message's options describe; undefined for a message that is no payload.
 *
 * @throws TypeError when the options contradict the message, which a spec would have found.
 */
export function readEventType(message: DescMessage): EventType | undefined {
  if (!known.has(message)) known.set(message, read(message));
  return known.get(message);
}

// Asked for every event that an effect or a command appends: reading the options of all fields each
// time was a seventh of notification-service's work.
const known = new WeakMap<DescMessage, EventType | undefined>();

function read(message: DescMessage): EventType | undefined {
  if (!hasOption(message, eventOption)) return undefined;
  const options = getOption(message, eventOption);
  const fields = message.fields
    .toSorted((left, right) => left.number - right.number)
    .map(readField);
  const type = snakeCase(message.name);
  const eventType: EventType = Object.freeze({
    type,
    aggregateType: options.aggregateType,
    owner: options.owner,
    draft: options.draft,
    schemaVersion: options.schemaVersion ?? 1,
    topic: topicOf(type),
    consumers: Object.freeze([...options.consumers]),
    keyRule: Object.freeze(readKeyRule(options.derivedId, fields)),
    fields: Object.freeze(fields),
    subject: options.subject === '' ? undefined : options.subject,
    message,
  });
  assertSound(eventType);
  return eventType;
}

function readField(desc: DescField): EventField {
  const rules = getOption(desc, rulesOption);
  const form = formOf(desc);
  if (form === undefined) throw new TypeError(`${desc.toString()} has a type no payload may have`);
  return Object.freeze({
    name: desc.name,
    desc,
    form,
    required: rules.required,
    values: Object.freeze([...rules.values]),
    personal: rules.personal,
    aggregateId: rules.aggregateId,
    uuid: rules.uuid,
    maxItems: rules.maxItems,
    minimum: rules.minimum,
    maximum: rules.maximum,
  });
}

function readKeyRule(derived: DerivedId | undefined, fields: readonly EventField[]): KeyRule {
  const rule = derived?.rule;
  if (rule?.case === 'name') {
    const names = [...rule.value.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '');
    return { kind: 'derived', name: rule.value, fields: names };
  }
  if (rule?.case === 'directPair') {
    const { kind, creator, members } = rule.value;
    return {
      kind: 'direct_pair',
      kindField: kind,
      creatorField: creator,
      membersField: members,
    };
  }
  const field = fields.find((candidate) => candidate.aggregateId);
  return field === undefined ? { kind: 'uuid' } : { kind: 'field', field: field.name };
}

// Mistakes in a .proto file, said at start rather than met by an event.
function assertSound(eventType: EventType): void {
  const { type, fields, keyRule, subject } = eventType;
  const named = [...namesOf(keyRule), ...(subject === undefined ? [] : [subject])];
  for (const name of named) {
    if (name !== 'aggregate_id' && !fields.some((field) => field.name === name)) {
      throw new TypeError(`${type} names the field ${name}, which it does not have`);
    }
  }
  if (subject === undefined && fields.some((field) => field.personal)) {
    throw new TypeError(`${type} has personal fields but no subject`);
  }
  if (eventType.aggregateType === '' || eventType.owner === '') {
    throw new TypeError(`${type} has no aggregate type or no owner`);
  }
}

function namesOf(rule: KeyRule): readonly string[] {
  if (rule.kind === 'derived') return rule.fields;
  if (rule.kind === 'direct_pair') return [rule.kindField, rule.creatorField, rule.membersField];
  return rule.kind === 'field' ? [rule.field] : [];
}

function snakeCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
