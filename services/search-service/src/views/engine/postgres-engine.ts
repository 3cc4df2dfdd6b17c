import { isNovaError, NovaError } from '@nova/errors';
import { errors as postgresErrors, type Queryable } from '@nova/postgres';
import {
  type Answer,
  type Count,
  comparePlaces,
  EXACT_TOTAL,
  type Forms,
  type Found,
  type Kind,
  type Place,
  type Question,
  type SearchEngine,
  TIERS,
} from '../../domain/search-engine.ts';
import { keysOf, mayBeMistyped, meantBy } from '../../domain/typos.ts';
import type { QueryWord } from '../../domain/words.ts';
import { errors } from '../../errors.ts';
import { documentTables } from './document-table.ts';
import {
  documentsAt,
  type PlaceRow,
  probe,
  type Sought,
  type Statement,
  tierPage,
} from './statements.ts';
import { isBeginning, type Meanings, type TierQuery, tiersOf } from './tsquery.ts';
import { readViewer } from './viewer.ts';

/** A beginning of fewer letters matches so many words that the index is asked last. */
const RARE_BEGINNING = 3;
/** Most words of a query that may be mistyped, and most words of documents that are compared. */
const MAX_MISTYPED = 8;
const MAX_KNOWN = 2000;

/** What a search may cost. */
export interface SearchLimits {
  /** A statement that takes longer ends the search. */
  readonly statementTimeoutMs: number;
  /** By default {@link NEWEST}. */
  readonly newest?: number;
}

/**
 * So many of the newest documents are looked at one by one before the index is asked. What is common
 * is found among them in 3 ms, and of what is rare the index has little to sort.
 */
const NEWEST = 5000;

/** What was found of one kind: all of it, or that there is more than is counted. */
interface KindFound {
  readonly count: Count;
  /** Up to one more than the limit of the question, from its place on. */
  readonly places: readonly Place[];
}

/**
 * Searches the views of the present search_path, in a transaction of its own: it sets limits until
 * its end.
 *
 *   whom → up to 1,001 matches in no order ─ all of them → sorted here
 *                     └ more: tier by tier, the newest first: among the newest, then by the index
 */
export function postgresEngine(tx: Queryable, limits: SearchLimits): SearchEngine {
  return {
    async search(question) {
      try {
        return await new Search(tx, question).run(limits);
      } catch (thrown) {
        const isSlow = isNovaError(thrown) && thrown.kind === postgresErrors.POSTGRES_TIMEOUT;
        throw isSlow ? new NovaError(errors.SEARCH_TOO_COSTLY, {}, { cause: thrown }) : thrown;
      }
    },
  };
}

class Search {
  readonly #tx: Queryable;
  readonly #question: Question;
  #meanings: Meanings | undefined;

  constructor(tx: Queryable, question: Question) {
    this.#tx = tx;
    this.#question = question;
  }

  async run({ statementTimeoutMs, newest = NEWEST }: SearchLimits): Promise<Answer> {
    const { kinds, viewerId, filter, limit } = this.#question;
    // Without statistics, as after an import, the planner would read whole tables.
    await this.#tx.query(
      `SELECT set_config('statement_timeout', $1, true), set_config('enable_seqscan', 'off', true),
              set_config('max_parallel_workers_per_gather', '0', true)`,
      [String(statementTimeoutMs)],
    );
    const viewer = await readViewer(this.#tx, viewerId, kinds);
    const found: KindFound[] = [];
    for (const kind of kinds) found.push(await this.#ofKind({ kind, viewer, filter, newest }));
    const places = found.flatMap((one) => one.places).sort(comparePlaces);
    return {
      hits: await this.#documents(places.slice(0, limit)),
      goesOn: places.length > limit,
      counts: found.map(({ count }) => count),
      forms: this.#forms(),
    };
  }

  async #ofKind(sought: Sought): Promise<KindFound> {
    const { words, exactOnly } = this.#question;
    const { hasHead } = documentTables[sought.kind];
    const tiers = tiersOf(words, { exactOnly, hasHead });
    const all = await this.#probe(sought, tiers);
    if (all === undefined) return this.#many(sought, tiers);
    const meanings = exactOnly ? undefined : await this.#readMeanings();
    if (meanings === undefined || meanings.size === 0) return this.#few(sought, all);
    const wider = tiersOf(words, { exactOnly, hasHead }, meanings);
    const more = await this.#probe(sought, wider);
    return more === undefined ? this.#many(sought, wider) : this.#few(sought, more);
  }

  /** All that matches; undefined when that is more than is counted. */
  async #probe(sought: Sought, tiers: readonly TierQuery[]): Promise<readonly Place[] | undefined> {
    const last = this.#question.words.at(-1)?.text ?? '';
    const isCommon = !this.#question.exactOnly && [...last].length < RARE_BEGINNING;
    for (const from of isCommon ? (['newest', 'index'] as const) : (['index'] as const)) {
      const places = await this.#places(sought.kind, probe(sought, tiers, from));
      if (places.length > EXACT_TOTAL) return undefined;
      if (from === 'index') return places;
    }
    return undefined;
  }

  #few({ kind }: Sought, all: readonly Place[]): KindFound {
    const { after, limit } = this.#question;
    const rest = after === undefined ? all : all.filter((place) => comparePlaces(after, place) < 0);
    return {
      count: { kind, total: all.length, isMore: false },
      places: [...rest].sort(comparePlaces).slice(0, limit + 1),
    };
  }

  async #many(sought: Sought, tiers: readonly TierQuery[]): Promise<KindFound> {
    const { after, limit } = this.#question;
    const places: Place[] = [];
    const first = after === undefined ? 0 : TIERS.indexOf(after.tier);
    for (const [index, one] of tiers.entries()) {
      const rank = TIERS.indexOf(one.tier);
      if (rank < first) continue;
      const condition = { ...one, better: tiers.slice(0, index) };
      const start = rank === first ? after : undefined;
      for (const from of ['newest', 'index'] as const) {
        const page = { after: start, limit: limit + 1 - places.length, from };
        const found = await this.#places(sought.kind, tierPage(sought, condition, page));
        // Fewer among the newest: there may be more further back, and the index has them all.
        if (from === 'newest' && found.length < page.limit) continue;
        places.push(...found);
        break;
      }
      if (places.length > limit) break;
    }
    return { count: { kind: sought.kind, total: EXACT_TOTAL, isMore: true }, places };
  }

  async #places(kind: Kind, { sql, values }: Statement): Promise<readonly Place[]> {
    const rows = await this.#tx.query<PlaceRow>(sql, values);
    return rows.map(({ id0, id1, at, tier }) => ({
      kind,
      tier,
      at: Number(at),
      ids: id1 === undefined ? [id0] : [id0, id1],
    }));
  }

  async #documents(places: readonly Place[]): Promise<readonly Found[]> {
    const documents = new Map<string, object>();
    for (const kind of new Set(places.map((place) => place.kind))) {
      const ofKind = places.filter((place) => place.kind === kind);
      const { sql, values } = documentsAt(kind, ofKind);
      const rows = await this.#tx.query<PlaceRow>(sql, values);
      for (const row of rows) documents.set([kind, row.id0, row.id1 ?? ''].join(), row);
    }
    return places.map((place) => {
      const document = documents.get([place.kind, place.ids[0], place.ids[1] ?? ''].join());
      // Read in the snapshot that found it, with the columns that its kind shows.
      return { ...place, document } as Found;
    });
  }

  /** What words of the query may mean that were mistyped; asked once for all kinds. */
  async #readMeanings(): Promise<Meanings> {
    this.#meanings ??= await readMeanings(this.#tx, this.#question.words);
    return this.#meanings;
  }

  #forms(): Forms {
    const { words, exactOnly } = this.#question;
    const last = words.at(-1);
    return {
      whole: [...words.map(({ text }) => text), ...[...(this.#meanings?.values() ?? [])].flat()],
      beginnings: exactOnly
        ? []
        : words.filter((word) => isBeginning(word, word === last)).map(({ text }) => text),
    };
  }
}

async function readMeanings(tx: Queryable, words: readonly QueryWord[]): Promise<Meanings> {
  const mistyped = words.filter(mayBeMistyped).slice(0, MAX_MISTYPED);
  if (mistyped.length === 0) return new Map();
  const rows = await tx.query<{ word: string }>(
    'SELECT DISTINCT word FROM search_word WHERE keys && $1::text[] LIMIT $2',
    [mistyped.flatMap(({ text }) => keysOf(text)), MAX_KNOWN],
  );
  const known = rows.map(({ word }) => word);
  return new Map(
    mistyped.flatMap(({ text }) => {
      const meant = meantBy(text, known);
      return meant.length === 0 ? [] : [[text, meant] as const];
    }),
  );
}
