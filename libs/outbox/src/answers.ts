import type { Appended, AppendRefusal, AppendUnit, UnitResult } from './unit.ts';

/** A row of outbox_append's answer: see the type outbox_answer of migration 0002. */
export interface AnswerRow {
  readonly unit: number;
  readonly index: number | null;
  readonly outcome: string | null;
  readonly position: bigint | null;
  readonly aggregate_version: bigint | null;
  readonly type_sequence: bigint | null;
  readonly previous: Readonly<Record<string, number>> | null;
  readonly occurred_at: string | null;
  readonly stored_at: string | null;
  readonly epoch: string | null;
  readonly event_id: string | null;
  readonly event_type: string | null;
  readonly aggregate_type: string | null;
  readonly aggregate_id: string | null;
  readonly current_version: bigint | null;
  readonly condition: number | null;
  readonly reply: Buffer | null;
}

/** Epoch and time of everything that the call stored. */
interface CallStamp {
  readonly epoch: string;
  readonly storedAt: string;
}

const UNIT_HEADER = -2;
const REASONS = ['CONDITION_FAILED', 'EVENT_ID_REUSED', 'REQUEST_ID_REUSED'] as const;

/** Sorts the answer's rows into one result per unit. */
export function readAnswers(
  units: readonly AppendUnit[],
  rows: readonly AnswerRow[],
): UnitResult[] {
  const [first, ...rest] = rows;
  const stamp = { epoch: given(first?.epoch), storedAt: given(first?.stored_at) };
  const byUnit: AnswerRow[][] = units.map(() => []);
  for (const row of rest) byUnit[row.unit]?.push(row);
  return units.map((unit, number) => readUnit(unit, byUnit[number] ?? [], stamp));
}

/** The result of one unit from its rows; without `unit`, of an answer that was stored before. */
export function readUnit(
  unit: AppendUnit | undefined,
  rows: readonly AnswerRow[],
  stamp?: CallStamp,
): UnitResult {
  const header = rows[0]?.index === UNIT_HEADER ? rows[0] : undefined;
  if (header?.outcome === 'refused') {
    return { outcome: 'refused', refusals: rows.slice(1).map(readRefusal) };
  }
  if (header !== undefined) return readReplayed(header.reply, rows.slice(1));
  const events = rows.map((row) => readEvent(row, unit, stamp));
  return {
    outcome: 'stored',
    replayed: false,
    events: events.sort((one, other) => one.index - other.index),
    ...(unit?.reply === undefined ? {} : { reply: unit.reply }),
  };
}

function readReplayed(reply: Buffer | null, rows: readonly AnswerRow[]): UnitResult {
  return {
    outcome: 'stored',
    replayed: true,
    events: rows.map((row) => readEvent(row)),
    ...(reply === null ? {} : { reply }),
  };
}

function readEvent(row: AnswerRow, unit?: AppendUnit, stamp?: CallStamp): Appended | AppendRefusal {
  if (row.outcome !== 'stored' && row.outcome !== 'replayed') return readRefusal(row);
  const index = given(row.index);
  // What this call stored comes back without what the caller gave.
  const event = row.event_id === null ? unit?.events[index] : undefined;
  return {
    index,
    eventId: event?.eventId ?? given(row.event_id),
    eventType: event?.eventType ?? given(row.event_type),
    aggregateType: event?.aggregateType ?? given(row.aggregate_type),
    aggregateId: event?.aggregateId ?? given(row.aggregate_id),
    aggregateVersion: given(row.aggregate_version),
    typeSequence: given(row.type_sequence),
    position: { epoch: row.epoch ?? given(stamp?.epoch), position: given(row.position) },
    storedAt: row.stored_at ?? given(stamp?.storedAt),
    occurredAt: given(row.occurred_at),
    previous: readPrevious(given(row.previous)),
    replayed: row.outcome === 'replayed',
  };
}

function readRefusal(row: AnswerRow): AppendRefusal {
  return {
    index: given(row.index),
    reason: readReason(row.outcome),
    ...(row.aggregate_type === null ? {} : { aggregateType: row.aggregate_type }),
    ...(row.aggregate_id === null ? {} : { aggregateId: row.aggregate_id }),
    ...(row.current_version === null ? {} : { currentVersion: row.current_version }),
    ...(row.condition === null ? {} : { condition: row.condition }),
  };
}

function readReason(outcome: string | null): AppendRefusal['reason'] {
  const reason = REASONS.find((one) => one === outcome);
  if (reason === undefined) {
    throw new TypeError(`outbox_append answered with the unknown outcome ${outcome}`);
  }
  return reason;
}

/** Versions as they are in the log's jsonb: far below 2^53, so JSON numbers are exact. */
export function readPrevious(
  stored: Readonly<Record<string, number>>,
): Readonly<Record<string, bigint>> {
  const previous: Record<string, bigint> = {};
  for (const type in stored) previous[type] = BigInt(stored[type] ?? 0);
  return previous;
}

/** A value that the answer always has at this place. */
function given<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) {
    throw new TypeError('an answer of outbox_append lacks a value');
  }
  return value;
}
