import type { Filter } from '../../domain/search-engine.ts';
import {
  EXACT_TOTAL,
  KINDS,
  type Kind,
  type Place,
  type Tier,
} from '../../domain/search-engine.ts';
import { Args } from './args.ts';
import { type DocumentTable, documentTables } from './document-table.ts';
import type { TierQuery } from './tsquery.ts';
import type { Viewer } from './viewer.ts';

/** A statement with its values. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** What all statements of one search in one table share. */
export interface Sought {
  readonly kind: Kind;
  readonly viewer: Viewer;
  readonly filter: Filter;
  /** How many of the newest documents are looked at one by one. */
  readonly newest: number;
}

/** A row of the statements below. */
export interface PlaceRow {
  readonly id0: string;
  readonly id1?: string;
  readonly at: bigint;
  readonly tier: Tier;
}

/** Up to one more than EXACT_TOTAL documents of any tier, in no order. */
export function probe(sought: Sought, tiers: readonly TierQuery[], from: 'index' | 'newest') {
  const table = documentTables[sought.kind];
  const args = new Args();
  const matches = tiers.slice(-1).map((widest) => condition(args, sought, widest, from));
  const source = from === 'index' ? table.table : newest(table, sought, '');
  const sql = `SELECT ${selected(table)}, ${tierOf(args, tiers)} AS tier FROM ${source} AS d
    WHERE ${matches.join(' AND ')}
      AND ${table.visible(args, sought.viewer, sought.filter)}
    LIMIT ${EXACT_TOTAL + 1}`;
  return { sql, values: args.values };
}

/** The first documents of one tier after a place, among the newest ones or by the index. */
export function tierPage(
  sought: Sought,
  { better, ...wanted }: TierQuery & { readonly better: readonly TierQuery[] },
  { after, limit, from }: TierPage,
): Statement {
  const table = documentTables[sought.kind];
  const args = new Args();
  const order = [table.at, ...table.ids].map((column) => `${column} DESC`).join(', ');
  const onwards = after === undefined ? '' : ` AND ${following(table, args, sought.kind, after)}`;
  const matching = (source: string) =>
    `SELECT ${[table.at, ...table.ids].map((column) => `d.${column}`).join(', ')}
     FROM ${source} AS d
     WHERE ${condition(args, sought, wanted, from)}
       ${better.map((one) => `AND NOT d.lexemes @@ ${args.add(one.query, 'tsquery')}`).join(' ')}
       AND ${table.visible(args, sought.viewer, sought.filter)}`;
  // Materialized: else the planner may walk all of the table by time, looking for what is rare.
  const source =
    from === 'newest'
      ? `(${matching(newest(table, sought, onwards))})`
      : `(WITH found AS MATERIALIZED (${matching(table.table)})
          SELECT * FROM found WHERE true${onwards})`;
  const sql = `SELECT ${selected(table)}, ${args.add(wanted.tier, 'text')} AS tier FROM ${source} AS d
    ORDER BY ${order} LIMIT ${args.add(limit, 'integer')}`;
  return { sql, values: args.values };
}

interface TierPage {
  readonly after: Place | undefined;
  readonly limit: number;
  readonly from: 'index' | 'newest';
}

/** What answers show of the documents at these places. */
export function documentsAt(kind: Kind, places: readonly Place[]): Statement {
  const { table, ids, shown } = documentTables[kind];
  const args = new Args();
  const lists = ids.map((_, index) =>
    args.add(
      places.map((place) => place.ids[index]),
      'uuid[]',
    ),
  );
  const sql = `SELECT ${selected(documentTables[kind])}, ${shown}
    FROM unnest(${lists.join(', ')}) AS wanted (${ids.join(', ')})
    JOIN ${table} AS d USING (${ids.join(', ')})`;
  return { sql, values: args.values };
}

function selected({ ids, at }: DocumentTable): string {
  return [...ids.map((id, index) => `d.${id} AS id${index}`), `d.${at} AS at`].join(', ');
}

function newest(
  { table, ids, at, isLive }: DocumentTable,
  sought: Sought,
  onwards: string,
): string {
  const order = [at, ...ids].map((column) => `${column} DESC`).join(', ');
  return `(SELECT * FROM ${table} WHERE ${isLive}${onwards} ORDER BY ${order} LIMIT ${sought.newest})`;
}

/** The condition of a tier. The index is asked for the part that is to be looked up. */
function condition(
  args: Args,
  { kind, viewer, filter }: Sought,
  { query, lookup }: TierQuery,
  from: 'index' | 'newest',
): string {
  if (from === 'newest') return `d.lexemes @@ ${args.add(query, 'tsquery')}`;
  const scope = documentTables[kind].scope(viewer, filter);
  const asked = args.add([scope, lookup].filter((part) => part !== '').join(' & '), 'tsquery');
  if (lookup === query) return `d.lexemes @@ ${asked}`;
  // The function behind @@, for which the planner does not take the index.
  return `d.lexemes @@ ${asked} AND ts_match_vq(d.lexemes, ${args.add(query, 'tsquery')})`;
}

/** The first tier whose condition holds, for rows that meet the last one. */
function tierOf(args: Args, tiers: readonly TierQuery[]): string {
  const cases = tiers.map(
    ({ tier, query }) =>
      `WHEN d.lexemes @@ ${args.add(query, 'tsquery')} THEN ${args.add(tier, 'text')}`,
  );
  return `CASE ${cases.join(' ')} END`;
}

/** The condition to come after a place of the same tier, which may be of another kind. */
function following({ ids, at }: DocumentTable, args: Args, kind: Kind, after: Place): string {
  const order = KINDS.indexOf(kind) - KINDS.indexOf(after.kind);
  const time = args.add(after.at, 'bigint');
  if (order > 0) return `${at} <= ${time}`;
  if (order < 0) return `${at} < ${time}`;
  const place = after.ids.map((id) => args.add(id, 'uuid')).join(', ');
  return `(${at}, ${ids.join(', ')}) < (${time}, ${place})`;
}
