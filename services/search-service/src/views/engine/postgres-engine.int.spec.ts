import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEventId, type StoredEvent } from '@nova/events';
import type { Queryable } from '@nova/postgres';
import {
  applyEvent,
  createGenerationSchema,
  decodeEvent,
  describeTables,
  planEvent,
  RowSet,
  useGeneration,
} from '@nova/projection';
import { recorded } from '@nova/projection/testing';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import fc from 'fast-check';
import { KINDS, type Question } from '../../domain/search-engine.ts';
import { queryWordsOf } from '../../domain/words.ts';
import { views } from '../views.ts';
import { postgresEngine, type SearchLimits } from './postgres-engine.ts';
import { engineConformance } from './testing/engine.conformance.ts';

const SCHEMA = 'views_g1';
const ROUND = 500;

async function views1(): Promise<TestDatabase> {
  const store = await testDatabase();
  await store.database.transaction((tx) => createGenerationSchema(tx, SCHEMA, views));
  return store;
}

/** As the consumer does it, without what it does besides. */
async function applyRound(tx: Queryable, events: readonly StoredEvent[]): Promise<void> {
  const tables = await describeTables(tx, SCHEMA, views);
  const rows = new RowSet();
  const plans = events.flatMap((event) => {
    const handler = views.flatMap((view) => view.handlers.get(event.eventType) ?? [])[0];
    return handler === undefined ? [] : [planEvent(tables, decodeEvent(event, handler))];
  });
  for (const { touches } of plans) for (const { name } of touches) rows.want(name);
  await rows.load(tx);
  for (const plan of plans) applyEvent(rows, plan);
  await rows.save(tx);
}

async function apply({ database }: TestDatabase, events: readonly StoredEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += ROUND) {
    const round = events.slice(from, from + ROUND);
    await database.transaction((tx) => applyRound(tx, round));
  }
}

function search(
  { database }: TestDatabase,
  question: Question,
  limits: SearchLimits = { statementTimeoutMs: 5000 },
) {
  return database.transaction(async (tx) => {
    await useGeneration(tx, SCHEMA);
    return postgresEngine(tx, limits).search(question);
  });
}

engineConformance('PostgreSQL', async () => {
  const store = await views1();
  return {
    apply: (events) => apply(store, events),
    // Few of the newest, so that there are more to be found by the index alone.
    engine: {
      search: (question) => search(store, question, { statementTimeoutMs: 5000, newest: 100 }),
    },
    close: () => store.drop(),
  };
});

describe('the PostgreSQL engine', () => {
  const [ann, room] = [newEventId(), newEventId()];
  const HOSTILE = [
    ...['a & (b', "it's", '"quoted', '*', '*:*', 'a:*', '!a', '<->', 'a <-> b', '\\', "\\'", ':A'],
    ...["'; DROP TABLE message_view; --", '$1', '%', '_', '\u0000a\u0000', 'a\ud800', '\udfff'],
    ...['👩‍👩‍👧‍👦', '\u202eabc', 'مرحبا', 'ＡＢＣ', 'ﬁ', 'İ', 'a'.repeat(10_000), '🎉'.repeat(300)],
    ...['= @ ~', '=a', '@ffffffff', '~ffffffff', 'a\u0301', '\u0301', '한', 'ก', '1', '①', 'ǅ'],
  ];
  let store: TestDatabase;
  const asked = (query: string, more: Partial<Question> = {}): Question => ({
    kinds: KINDS,
    words: queryWordsOf(query),
    exactOnly: false,
    viewerId: ann,
    filter: {},
    after: undefined,
    limit: 20,
    ...more,
  });

  beforeAll(async () => {
    store = await views1();
    const payload = { kind: 'group', creator_id: ann, member_ids: [] };
    await apply(
      store,
      recorded([
        { event_type: 'conversation_created', aggregate_id: room, payload },
        ...[...HOSTILE, 'plain words'].map((text) => ({
          event_type: 'message_created',
          aggregate_id: room,
          payload: {
            message_id: newEventId(),
            sender_id: ann,
            // The log takes neither of these.
            content: text.replaceAll('\u0000', '').toWellFormed(),
          },
        })),
      ]),
    );
  }, 60_000);
  afterAll(() => store.drop());

  it.each(HOSTILE.map((text) => [text.slice(0, 40), text]))(
    'finds a text by itself: %j',
    async (_, text) => {
      const words = queryWordsOf(text);
      if (words.length === 0) return;
      const { hits } = await search(store, asked(text));
      const texts = hits.map(({ document }) => document.text);
      expect(texts).toContain(text.replaceAll('\u0000', '').toWellFormed().slice(0, 4000));
    },
  );

  it('answers whatever is asked', async () => {
    const operator = fc.constantFrom(...'&|!<->():*\'"\\%_;-$@=~ ');
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.string({ unit: 'grapheme', maxLength: 80 }),
      fc.string({ unit: fc.oneof(operator, fc.constantFrom(...'abz1ß猫가')), maxLength: 80 }),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.boolean(), async (query, exactOnly) => {
        const question = asked(query, { exactOnly, limit: 3 });
        if (question.words.length === 0) return;
        const { hits, counts } = await search(store, question);
        expect(counts).toHaveLength(KINDS.length);
        expect(hits.length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('ends a search that takes too long, and says so', async () => {
    const { database } = store;
    // Whoever holds the table makes the search wait.
    const held = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holding = database.transaction(async (tx) => {
      await tx.query(`LOCK TABLE ${SCHEMA}.message_view`);
      locked.resolve();
      await held.promise;
    });
    await locked.promise;
    const failed = search(store, asked('plain'), { statementTimeoutMs: 100 });
    await expect(failed).rejects.toMatchObject({ code: 'NOVA_SEARCH_TOO_COSTLY' });
    held.resolve();
    await holding;
    const { hits } = await search(store, asked('plain'));
    expect(hits).toHaveLength(1);
  });

  it('keeps every word once, however often it is said, and no numbers', async () => {
    const rows = await store.database.query<{ word: string; count: bigint }>(
      `SELECT word, count(*) FROM ${SCHEMA}.search_word GROUP BY word`,
    );
    expect(rows.every(({ count }) => count === 1n)).toBe(true);
    expect(rows.map(({ word }) => word)).toEqual(expect.arrayContaining(['plain', 'words']));
    expect(rows.filter(({ word }) => /^\d|^[=@~]/.test(word))).toEqual([]);
  });
});
