import { annotationsToJson, laneOf } from '@nova/events';
import { loadSql, prepared, type Queryable } from '@nova/postgres';
import { type AnswerRow, readAnswers } from './answers.ts';
import { numberArray, textArray } from './array-literal.ts';
import type { AppendUnit, Condition, NewEvent, UnitResult } from './unit.ts';

const appendSql = prepared(loadSql(new URL('./sql/append.sql', import.meta.url)));

/**
 * Appends the units of many callers in one statement: judged in order, each against the log as the
 * ones before left it. A refusal is an answer. After a commit has been answered the events are in
 * the log for good, with dense positions in commit order.
 *
 * `database` must be in READ COMMITTED; inside a transaction, the log stays locked until its end.
 *
 * @returns one result per unit, in order
 * @throws POSTGRES_UNAVAILABLE when nobody knows whether the units were stored; the request key
 *   makes it safe to try again. Other errors of `Queryable.query` stored nothing.
 */
export async function append(
  database: Queryable,
  units: readonly AppendUnit[],
): Promise<UnitResult[]> {
  if (units.length === 0) return [];
  const events = units.flatMap((unit, number) =>
    unit.events.map((event, index) => ({ event, number, index })),
  );
  const rows = await database.query<AnswerRow>(appendSql, [
    ...unitColumns(units),
    numberArray(events.map(({ number }) => number)),
    numberArray(events.map(({ index }) => index)),
    ...eventColumns(events.map(({ event }) => event)),
  ]);
  return readAnswers(units, rows);
}

function unitColumns(units: readonly AppendUnit[]): unknown[] {
  let before = 0;
  const befores = units.map(({ events }) => {
    before += events.length;
    return before - events.length;
  });
  return [
    units.map(({ mode }) => mode === 'each'),
    units.map(({ events }) => events.length),
    befores,
    units.map(({ conditions }) => (conditions.length === 0 ? null : conditionsJson(conditions))),
    units.map(({ key }) => key?.principal ?? null),
    units.map(({ key }) => key?.method ?? null),
    units.map(({ key }) => key?.requestId ?? null),
    units.map(({ key }) => (key === undefined ? null : Buffer.from(key.hash))),
    units.map(({ reply }) => (reply === undefined ? null : Buffer.from(reply))),
  ];
}

function conditionsJson(conditions: readonly Condition[]): string {
  return JSON.stringify(
    conditions.map((condition) => ({
      aggregate_type: condition.aggregateType,
      aggregate_id: condition.aggregateId,
      kind: condition.kind,
      version: 'version' in condition ? String(condition.version) : null,
      event_types: 'eventTypes' in condition ? condition.eventTypes : null,
    })),
  );
}

function eventColumns(events: readonly NewEvent[]): unknown[] {
  let end = 1;
  const starts = events.map(({ payload }) => {
    end += payload.length;
    return end - payload.length;
  });
  return [
    textArray(events.map(({ eventId }) => eventId)),
    textArray(events.map((event) => (mayBeKnown(event) ? 't' : 'f'))),
    textArray(events.map(({ eventType }) => eventType)),
    numberArray(events.map(({ schemaVersion }) => schemaVersion)),
    textArray(events.map(({ aggregateType }) => aggregateType)),
    textArray(events.map(({ aggregateId }) => aggregateId)),
    numberArray(events.map(({ aggregateId }) => laneOf(aggregateId))),
    textArray(events.map(({ annotations }) => JSON.stringify(annotationsToJson(annotations)))),
    textArray(events.map(({ tenant }) => tenant)),
    textArray(events.map(({ source }) => source)),
    textArray(events.map(({ occurredAt }) => occurredAt)),
    numberArray(starts),
    numberArray(events.map(({ payload }) => payload.length)),
    // One value instead of an array: it travels as bytes, an array would travel as hexadecimal text.
    Buffer.concat(events.map(({ payload }) => payload)),
  ];
}

/** Only a UUIDv7 drawn for this event is new for sure: any other one may be a repetition. */
function mayBeKnown({ eventId, eventIdGiven }: NewEvent): boolean {
  return eventIdGiven || eventId[14] !== '7';
}
