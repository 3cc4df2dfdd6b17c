import { catalogue } from './catalogue.ts';
import { LANES, partitionOf } from './lanes.ts';
import { type LogPosition, parsePosition, parseSequence } from './position.ts';
import { isUtcTime } from './rfc3339.ts';
import { isEventTypeName, topicOf } from './topics.ts';
import { isCanonicalUuid } from './uuid.ts';

/** Header texts by name. */
export type HeaderTexts = Readonly<Record<string, string>>;

/** What the headers of a record say that is more than text; each is read once, of every record. */
export interface RecordFields {
  readonly type: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly schemaVersion: number;
  readonly version: bigint;
  readonly typeSequence: bigint;
  readonly position: LogPosition;
  readonly previous: Readonly<Record<string, bigint>>;
}

/** Where a record was found. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  /** Partitions of the topic; undefined: not known. */
  readonly partitions: number | undefined;
  readonly key: string;
  /** Of the key. */
  readonly lane: number;
}

const MAX_PREVIOUS_TYPES = 32;

// Headers that every record of nova has, with the form of each.
const REQUIRED = Object.entries<(text: string) => boolean>({
  'content-type': (text) => text === 'application/json',
  ce_specversion: (text) => text === '1.0',
  ce_id: isCanonicalUuid,
  ce_source: (text) => /^\/nova\/./.test(text),
  ce_type: isEventTypeName,
  ce_time: isUtcTime,
  ce_subject: (text) => /^[a-z_]+\/./.test(text),
  ce_dataschema: (text) => /^nova:[a-z0-9_]+:[1-9]\d{0,8}$/.test(text),
  ce_sequence: (text) => /^\d{19}$/.test(text),
  ce_novatypesequence: (text) => /^[1-9]\d{0,18}$/.test(text),
  ce_novaposition: () => true,
  ce_novastoredat: isUtcTime,
});

/** The fields of a record; the first header that is missing or not of its form, as a sentence without values. */
export function readFields(headers: HeaderTexts): RecordFields | string {
  for (const [name, hasForm] of REQUIRED) {
    const text = headers[name];
    if (text === undefined) return `header ${name} is missing`;
    if (!hasForm(text)) return malformed(name);
  }
  const { ce_type: type = '', ce_subject: subject = '', ce_dataschema: schema = '' } = headers;
  const { ce_novaprevious: before, ce_novaexpiresat: expiresAt } = headers;
  const version = parseSequence(headers['ce_sequence'] ?? '');
  const typeSequence = parseSequence(headers['ce_novatypesequence'] ?? '');
  const position = parsePosition(headers['ce_novaposition'] ?? '');
  const previous = before === undefined ? {} : parsePrevious(before);
  if (!version) return malformed('ce_sequence');
  if (!typeSequence) return malformed('ce_novatypesequence');
  if (position === undefined) return malformed('ce_novaposition');
  if (previous === undefined) return malformed('ce_novaprevious');
  if (expiresAt !== undefined && !isUtcTime(expiresAt)) return malformed('ce_novaexpiresat');
  const slash = subject.indexOf('/');
  return {
    type,
    aggregateType: subject.slice(0, slash),
    aggregateId: subject.slice(slash + 1),
    schemaVersion: Number(schema.slice(schema.lastIndexOf(':') + 1)),
    version,
    typeSequence,
    position,
    previous,
  };
}

function malformed(name: string): string {
  return `header ${name} is malformed`;
}

/** The first contradiction between headers of sound form, or between them and the record's place. */
export function contradiction(
  headers: HeaderTexts,
  fields: RecordFields,
  place: RecordPlace,
): string | undefined {
  const { type } = fields;
  const aggregateType = catalogue.get(type)?.aggregateType;
  if (topicOf(type) !== place.topic) return 'header ce_type does not belong to the topic';
  if (fields.aggregateId !== place.key) return 'header ce_subject does not name the key';
  if (aggregateType !== undefined && fields.aggregateType !== aggregateType) {
    return 'header ce_subject does not have the aggregate type of the event type';
  }
  if (headers['ce_dataschema'] !== `nova:${type}:${fields.schemaVersion}`) {
    return 'header ce_dataschema is of another event type';
  }
  if (!isPartitionOf(place)) return 'the partition is not that of the key';
  return sequenceFault(fields);
}

// Reads ce_novaprevious: `type=version`, comma-separated, sorted; undefined for anything else.
function parsePrevious(text: string): Record<string, bigint> | undefined {
  const previous: Record<string, bigint> = {};
  let last = '';
  const pairs = text.split(',');
  if (pairs.length > MAX_PREVIOUS_TYPES) return undefined;
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const type = pair.slice(0, equals);
    const digits = pair.slice(equals + 1);
    if (equals < 0 || !isEventTypeName(type) || type <= last) return undefined;
    const version = /^[1-9]\d{0,18}$/.test(digits) ? parseSequence(digits) : undefined;
    if (version === undefined) return undefined;
    previous[type] = version;
    last = type;
  }
  return previous;
}

// Versions have no holes, so what came before an event is fully determined by its own numbers.
function sequenceFault({
  type,
  version,
  typeSequence,
  previous,
}: RecordFields): string | undefined {
  const before = Object.values(previous);
  const isSound =
    new Set(before).size === before.length &&
    before.every((one) => one < version) &&
    (version === 1n || before.includes(version - 1n));
  if (!isSound) return 'header ce_novaprevious contradicts ce_sequence';
  if (typeSequence > version || typeSequence > 1n !== Object.hasOwn(previous, type)) {
    return 'header ce_novatypesequence contradicts ce_novaprevious';
  }
  return undefined;
}

// With an unknown number of partitions the record may lie where any permitted number puts it.
function isPartitionOf({ key, lane, partition, partitions }: RecordPlace): boolean {
  if (partitions !== undefined) {
    const isPermitted = LANES % partitions === 0;
    return (isPermitted ? lane % partitions : partitionOf(key, partitions)) === partition;
  }
  for (let divisor = 1; divisor <= LANES; divisor *= 2) {
    if (lane % divisor === partition) return true;
  }
  return false;
}
