import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase } from '@nova/testkit';
import fc from 'fast-check';
import { readPrevious } from './answers.ts';
import { append } from './append.ts';
import { outboxMigrations } from './index.ts';
import { logHead } from './log-state.ts';
import { LogModel, type ModelResult } from './testing/log-model.ts';
import type { AppendUnit, Condition, NewEvent, UnitResult } from './unit.ts';

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const upTo = (max: number) => fc.integer({ min: 0, max });
const TYPES = ['item_created', 'item_renamed', 'item_moved'];

const place = fc.record({
  // The same id under two types are two aggregates.
  aggregateType: fc.constantFrom('item', 'item', 'item', 'box'),
  aggregateId: upTo(3).map((n) => uuid(n)),
});

const event: fc.Arbitrary<NewEvent> = fc
  .record({ place, id: upTo(11), type: fc.constantFrom(...TYPES), content: upTo(1) })
  // Content follows from the id most of the time, so that repetitions are the same event.
  .chain(({ place: at, id, type, content }) =>
    fc.boolean().map((odd) => ({
      eventId: uuid(100 + id),
      eventIdGiven: true,
      eventType: odd ? type : (TYPES[id % TYPES.length] ?? type),
      schemaVersion: 1,
      ...(odd ? at : { aggregateType: 'item', aggregateId: uuid(id % 3) }),
      payload: Buffer.from(JSON.stringify({ content: odd ? content : 0 })),
      source: '/nova/spec',
      annotations: {},
    })),
  );

/** An event that is new in any case. */
const freshEvent: fc.Arbitrary<NewEvent> = fc
  .record({ event, eventId: fc.uuid({ version: 4 }) })
  .map(({ event: like, eventId }) => ({ ...like, eventId }));

const condition: fc.Arbitrary<Condition> = fc
  .record({
    place,
    kind: fc.constantFrom('any', 'absent', 'exists', 'version', 'none_since'),
    version: upTo(6),
    eventTypes: fc.subarray(TYPES, { minLength: 1 }),
  })
  .map(({ place: at, kind, version, eventTypes }): Condition => {
    if (kind === 'version') return { ...at, kind, version: BigInt(version) };
    if (kind === 'none_since') return { ...at, kind, eventTypes, version: BigInt(version) };
    return { ...at, kind };
  });

const unit: fc.Arbitrary<AppendUnit> = fc
  .record({
    requestId: fc.option(upTo(9), { freq: 2 }),
    hash: fc.constantFrom(1, 1, 1, 2),
    reply: fc.option(upTo(3)),
    conditions: fc.array(condition, { maxLength: 2 }),
    mode: fc.constantFrom('atomic', 'each'),
    events: fc.array(fc.oneof(event, freshEvent), { maxLength: 4 }),
  })
  .map(({ requestId, hash, reply, ...rest }) => ({
    ...rest,
    ...(requestId === null
      ? {}
      : {
          key: {
            principal: `principal-${requestId % 2}`,
            method: 'spec.Spec/Method',
            requestId: uuid(requestId),
            hash: Buffer.alloc(32, hash),
          },
        }),
    ...(reply === null ? {} : { reply: Buffer.alloc(4, reply) }),
  }));

const calls = fc.array(fc.array(unit, { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 8,
});

let run = 0;
let database: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  database = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
}, 60_000);
afterAll(() => database.drop());

describe('append', () => {
  it('answers and stores what the model of the log does, whatever callers send together', async () => {
    await fc.assert(
      fc.asyncProperty(calls, async (batches) => {
        run += 1;
        const before = (await logHead(database.database)).head.position;
        const model = new LogModel(before);
        for (const batch of batches) {
          const units = batch.map(ofThisRun);
          const results = await append(database.database, units);
          expect(results.map(comparable)).toEqual(model.append(units));
        }
        expect(await storedEvents(before)).toEqual(
          model.events.map(({ appended, payload }) => ({ ...appended, payload })),
        );
      }),
      { numRuns: 100 },
    );
  }, 120_000);
});

/** The unit with ids that no other run has, so that one log serves all runs. */
function ofThisRun(given: AppendUnit): AppendUnit {
  const own = (id: string) => run.toString(16).padStart(8, '0') + id.slice(8);
  return {
    ...given,
    ...(given.key && { key: { ...given.key, requestId: own(given.key.requestId) } }),
    conditions: given.conditions.map((one) => ({ ...one, aggregateId: own(one.aggregateId) })),
    events: given.events.map((one) => ({
      ...one,
      eventId: own(one.eventId),
      aggregateId: own(one.aggregateId),
    })),
  };
}

function comparable(result: UnitResult): ModelResult {
  if (result.outcome === 'refused') return result;
  return {
    ...result,
    reply: result.reply && Buffer.from(result.reply).toString('hex'),
    events: result.events.map((event) => {
      if (!('position' in event)) return event;
      const { storedAt, occurredAt, position, ...rest } = event;
      expect(occurredAt).toBe(storedAt);
      return { ...rest, position: position.position };
    }),
  };
}

async function storedEvents(after: bigint): Promise<unknown[]> {
  const rows = await database.database.query<{ previous: Record<string, number> }>(
    `SELECT event_id AS "eventId", event_type AS "eventType", aggregate_type AS "aggregateType",
           aggregate_id AS "aggregateId", aggregate_version AS "aggregateVersion",
           type_sequence AS "typeSequence", position, previous, encode(payload, 'hex') AS payload
    FROM outbox_events WHERE position > $1 ORDER BY position`,
    [after],
  );
  return rows.map((row) => ({
    ...row,
    previous: readPrevious(row.previous),
  }));
}
