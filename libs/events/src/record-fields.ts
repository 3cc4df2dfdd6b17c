import { catalogue } from './catalogue.ts';
import { LANES, laneOf, partitionOf } from './lanes.ts';
import { parsePosition } from './position.ts';
import { parseTime } from './rfc3339.ts';
import { isEventTypeName, topicOf } from './topics.ts';
import { isCanonicalUuid } from './uuid.ts';

/** Header texts by name. */
export type HeaderTexts = Readonly<Record<string, string>>;

/** Where a record was found. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  /** Partitions of the topic; undefined: not known. */
  readonly partitions: number | undefined;
  readonly key: string;
}

const MAX_SEQUENCE = 2n ** 63n - 1n;
const MAX_PREVIOUS_TYPES = 32;

// Headers that every record of nova has, with the form of each.
const REQUIRED: Readonly<Record<string, (text: string) => boolean>> = {
  'content-type': (text) => text === 'application/json',
  ce_specversion: (text) => text === '1.0',
  ce_id: isCanonicalUuid,
  ce_source: (text) => /^\/nova\/./.test(text),
  ce_type: isEventTypeName,
  ce_time: isTime,
  ce_subject: (text) => /^[a-z_]+\/./.test(text),
  ce_dataschema: (text) => /^nova:[a-z0-9_]+:[1-9]\d{0,8}$/.test(text),
  ce_sequence: (text) => /^\d{19}$/.test(text) && isSequence(text),
  ce_novatypesequence: (text) => /^[1-9]\d{0,18}$/.test(text) && isSequence(text),
  ce_novaposition: (text) => parsePosition(text) !== undefined,
  ce_novastoredat: isTime,
};
const OPTIONAL: Readonly<Record<string, (text: string) => boolean>> = {
  ce_novaprevious: (text) => parsePrevious(text) !== undefined,
  ce_novaexpiresat: isTime,
};

/** The first header that is missing or not of its form, as a sentence without values. */
export function formFault(headers: HeaderTexts): string | undefined {
  for (const [name, hasForm] of Object.entries(REQUIRED)) {
    const text = headers[name];
    if (text === undefined) return `header ${name} is missing`;
    if (!hasForm(text)) return `header ${name} is malformed`;
  }
  for (const [name, hasForm] of Object.entries(OPTIONAL)) {
    const text = headers[name];
    if (text !== undefined && !hasForm(text)) return `header ${name} is malformed`;
  }
  return undefined;
}

/** The first contradiction between headers of sound form, or between them and the record's place. */
export function contradiction(headers: HeaderTexts, place: RecordPlace): string | undefined {
  const { ce_type: type = '', ce_subject: subject = '', ce_dataschema: schema = '' } = headers;
  const slash = subject.indexOf('/');
  const aggregateType = catalogue.get(type)?.aggregateType;
  if (topicOf(type) !== place.topic) return 'header ce_type does not belong to the topic';
  if (subject.slice(slash + 1) !== place.key) return 'header ce_subject does not name the key';
  if (aggregateType !== undefined && subject.slice(0, slash) !== aggregateType) {
    return 'header ce_subject does not have the aggregate type of the event type';
  }
  if (!schema.startsWith(`nova:${type}:`)) return 'header ce_dataschema is of another event type';
  if (!isPartitionOf(place)) return 'the partition is not that of the key';
  return sequenceFault(headers);
}

/** Reads ce_novaprevious: `type=version`, comma-separated, sorted; undefined for anything else. */
export function parsePrevious(text: string): Record<string, bigint> | undefined {
  const previous: Record<string, bigint> = {};
  let last = '';
  const pairs = text.split(',');
  if (pairs.length > MAX_PREVIOUS_TYPES) return undefined;
  for (const pair of pairs) {
    const [, type = '', version = ''] = /^([a-z0-9_]+)=([1-9]\d{0,18})$/.exec(pair) ?? [];
    if (!isEventTypeName(type) || type <= last || !isSequence(version)) return undefined;
    previous[type] = BigInt(version);
    last = type;
  }
  return previous;
}

// Versions have no holes, so what came before an event is fully determined by its own numbers.
function sequenceFault(headers: HeaderTexts): string | undefined {
  const { ce_type: type = '', ce_novaprevious: text } = headers;
  const version = BigInt(headers['ce_sequence'] ?? 0);
  const typeSequence = BigInt(headers['ce_novatypesequence'] ?? 0);
  const previous = text === undefined ? {} : (parsePrevious(text) ?? {});
  const before = Object.values(previous);
  const isSound =
    new Set(before).size === before.length &&
    before.every((one) => one < version) &&
    (version === 1n || before.includes(version - 1n));
  if (!isSound) {
    return 'header ce_novaprevious contradicts ce_sequence';
  }
  if (typeSequence > version || typeSequence > 1n !== Object.hasOwn(previous, type)) {
    return 'header ce_novatypesequence contradicts ce_novaprevious';
  }
  return undefined;
}

// With an unknown number of partitions the record may lie where any permitted number puts it.
function isPartitionOf({ key, partition, partitions }: RecordPlace): boolean {
  if (partitions !== undefined) return partitionOf(key, partitions) === partition;
  const lane = laneOf(key);
  for (let divisor = 1; divisor <= LANES; divisor *= 2) {
    if (lane % divisor === partition) return true;
  }
  return false;
}

function isTime(text: string): boolean {
  return text.endsWith('Z') && parseTime(text) !== undefined;
}

function isSequence(digits: string): boolean {
  const sequence = BigInt(digits);
  return sequence >= 1n && sequence <= MAX_SEQUENCE;
}
