import type { JsonValue } from '@nova/proto/runtime';
import { parseJson } from './parse-json.ts';

/** What a command did, or was decided on, for one aggregate. */
export interface TokenEntry {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly epoch: string;
  readonly position: bigint;
  /** Version of the aggregate per event type that was appended or decided on. */
  readonly versions: Readonly<Record<string, bigint>>;
}

const FORM = 1;

/**
 * The consistency token: opaque outside nova, URL-safe. Texts that repeat (epochs, types) are
 * written once, because a batch of 500 events may touch 500 aggregates.
 */
export function encodeToken(entries: readonly TokenEntry[]): string {
  const words = new Map<string, number>();
  const word = (text: string): number => {
    const known = words.get(text);
    if (known !== undefined) return known;
    words.set(text, words.size);
    return words.size - 1;
  };
  const rows = entries.map((entry) => [
    word(entry.aggregateType),
    entry.aggregateId,
    word(entry.epoch),
    entry.position.toString(),
    Object.entries(entry.versions).flatMap(([type, version]) => [word(type), version.toString()]),
  ]);
  const json = JSON.stringify([FORM, [...words.keys()], rows]);
  return Buffer.from(json, 'utf8').toString('base64url');
}

/** Reads what {@link encodeToken} wrote; undefined for anything else. */
export function decodeToken(text: string): TokenEntry[] | undefined {
  if (!/^[0-9A-Za-z_-]+$/.test(text)) return undefined;
  try {
    const json = parseJson(Buffer.from(text, 'base64url').toString('utf8'));
    const [form, words, rows] = list(json, 3);
    if (form !== FORM) return undefined;
    const vocabulary = list(words).map(string);
    return list(rows).map((row) => readEntry(row, vocabulary));
  } catch {
    // A caller made it up or cut it: there is nothing more to say about it than that.
    return undefined;
  }
}

function readEntry(row: JsonValue | undefined, vocabulary: readonly string[]): TokenEntry {
  const [aggregateType, aggregateId, epoch, position, pairs] = list(row, 5);
  const word = (index: JsonValue | undefined): string => {
    if (typeof index !== 'number') throw new TypeError('not a word');
    return string(vocabulary[index]);
  };
  const flat = list(pairs);
  if (flat.length % 2 !== 0) throw new TypeError('not pairs');
  const versions: Record<string, bigint> = {};
  for (let at = 0; at < flat.length; at += 2) versions[word(flat[at])] = number(flat[at + 1]);
  return {
    aggregateType: word(aggregateType),
    aggregateId: string(aggregateId),
    epoch: word(epoch),
    position: number(position),
    versions,
  };
}

function list(value: JsonValue | undefined, length?: number): JsonValue[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  if (length !== undefined && value.length !== length) throw new TypeError('wrong length');
  return value;
}

function string(value: JsonValue | undefined): string {
  if (typeof value !== 'string') throw new TypeError('not a string');
  return value;
}

function number(value: JsonValue | undefined): bigint {
  if (typeof value !== 'string' || !/^\d{1,19}$/.test(value)) throw new TypeError('not a number');
  return BigInt(value);
}
