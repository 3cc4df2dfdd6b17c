import { hash } from 'node:crypto';
import { contentStart, type EventKind, kindOf, OVERSIZE_BYTES } from './troubles.ts';

/** How many topics a nova in life has events for, more or less. */
const TYPES = [
  'bench_opened',
  'bench_said',
  'bench_read',
  'bench_moved',
  'bench_marked',
  'bench_closed',
];
const PAYLOAD_BYTES = 512;
/** Aggregate type of all of them. */
export const BENCH_AGGREGATE = 'bench';

/** Event n of a workload. */
export interface BenchEvent {
  readonly n: number;
  readonly eventType: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly payload: Buffer;
}

/** Events that everybody makes alike from their numbers: the same bytes for every subject. */
export interface Workload {
  readonly events: number;
  /** Over how many aggregates they are spread. */
  readonly aggregates: number;
  /** Makes event types, and so topics, that no other turn has. */
  readonly suffix?: string;
  /** With poison, oversize and a hot aggregate among them: see troubles.ts. */
  readonly troubled?: boolean;
}

/** The event types of a workload: six, as in life. */
export function typesOf({ suffix = '' }: Pick<Workload, 'suffix'>): readonly string[] {
  return suffix === '' ? TYPES : TYPES.map((type) => `${type}_${suffix}`);
}

/** Event `n`, from 0. */
export function eventOf(workload: Workload, n: number): BenchEvent {
  const { aggregates, suffix = '' } = workload;
  const kind = kindOf(workload, n);
  const type = (n + Math.floor(n / aggregates)) % TYPES.length;
  return {
    n,
    eventType: suffix === '' ? (TYPES[type] ?? '') : `${TYPES[type]}_${suffix}`,
    aggregateType: BENCH_AGGREGATE,
    aggregateId: aggregateIdOf(aggregateOf(kind, n, aggregates)),
    payload: payloadOf(kind, n),
  };
}

/** The number of an event, from the payload as it arrived; undefined when it is none of ours. */
export function numberIn(payload: Uint8Array): number | undefined {
  const start = Buffer.from(payload.buffer, payload.byteOffset, Math.min(20, payload.byteLength));
  const found = /^\{"n":(\d+),/.exec(start.toString('latin1'))?.[1];
  return found === undefined ? undefined : Number(found);
}

/** 48 bits of the hash of what a record carries: type, key and payload. */
export function contentHash(eventType: string, aggregateId: string, payload: Uint8Array): number {
  const digest = hash('sha1', payload, 'buffer').readUIntBE(0, 6);
  // The payload does not say whose event it is.
  const name = hash('sha1', `${eventType} ${aggregateId}`, 'buffer').readUIntBE(0, 5);
  return (digest + name) % 2 ** 48;
}

const ids = new Map<number, string>();

/** A UUID, as ids of aggregates are. */
function aggregateIdOf(aggregate: number): string {
  let id = ids.get(aggregate);
  if (id === undefined) {
    const hex = hash('sha1', `aggregate ${aggregate}`).slice(0, 32);
    id = hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
    ids.set(aggregate, id);
  }
  return id;
}

/** Hot events are of one aggregate; what is in trouble has one of its own. */
function aggregateOf(kind: EventKind, n: number, aggregates: number): number {
  if (kind === 'hot') return -1;
  // 7,919 is prime: neighbours are of different aggregates, and each aggregate gets all types.
  return kind === 'other' ? (n * 7919) % aggregates : -2 - n;
}

function payloadOf(kind: EventKind, n: number): Buffer {
  const start = `{"n":${n},"content":"${contentStart(kind)}`;
  const words = `${hash('sha1', `event ${n}`)} `;
  const room = (kind === 'oversize' ? OVERSIZE_BYTES : PAYLOAD_BYTES) - start.length - 2;
  return Buffer.from(`${start}${words.repeat(Math.ceil(room / words.length)).slice(0, room)}"}`);
}
