import { isDeepStrictEqual } from 'node:util';
import type { AskedEvent, History } from './history.ts';
import type { LogRow } from './observation.ts';
import type { Finder, Verdict } from './verdict.ts';

/** What is looked for in the log. */
export interface LogFinders {
  readonly lost: Finder;
  readonly invented: Finder;
  readonly appliedTwice: Finder;
  readonly inversions: Finder;
  readonly conditionsBroken: Finder;
}

/** Events that nobody asks for: they follow from another one, which their payload names. */
const DERIVED = new Set(['notification_created']);

/** Compares the log with what clients asked and were told. */
export function judgeLog(
  history: History,
  log: readonly LogRow[],
  find: LogFinders,
): Pick<Verdict, 'acked' | 'stored' | 'unknown' | 'refused'> {
  const byId = judgeItself(log, find);
  const asked = history.asked();
  const told = history.of('acknowledged').flatMap(({ events }) => events);
  const answered = new Set(history.of('acknowledged').map(({ request }) => request));
  const refused = new Set(history.of('refused').map(({ request }) => request));
  for (const { id, version, position } of told) {
    const row = byId.get(id);
    if (row === undefined) find.lost.add(`${id} was acknowledged and is not in the log`);
    else if (row.version !== version || row.position !== position) {
      find.invented.add(`${id} was told at ${position}, is at ${row.position}`);
    }
  }
  for (const row of byId.values()) judgeStored(row, asked.get(row.id), { refused, byId, find });
  const open = [...asked.values()].filter(
    ({ request }) => !answered.has(request) && !refused.has(request),
  );
  const stored = open.filter(({ id }) => byId.has(id)).length;
  return {
    acked: new Set(told.map(({ id }) => id)).size,
    stored: log.length,
    unknown: { stored, absent: open.length - stored },
    refused: refused.size,
  };
}

/** The log by itself: each event once, each aggregate without gaps and in order. */
function judgeItself(log: readonly LogRow[], find: LogFinders): Map<string, LogRow> {
  const byId = new Map<string, LogRow>();
  const versions = new Map<string, number>();
  let last = 0;
  for (const row of log) {
    if (byId.has(row.id)) find.appliedTwice.add(`${row.id} is in the log twice`);
    byId.set(row.id, row);
    const before = versions.get(row.aggregate) ?? 0;
    if (row.version !== before + 1 || row.position <= last) {
      find.inversions.add(`log: ${row.aggregate} has ${row.version} after ${before}`);
    }
    versions.set(row.aggregate, row.version);
    last = row.position;
  }
  return byId;
}

function judgeStored(
  row: LogRow,
  asked: (AskedEvent & { readonly request: string }) | undefined,
  {
    refused,
    byId,
    find,
  }: {
    readonly refused: ReadonlySet<string>;
    readonly byId: ReadonlyMap<string, LogRow>;
    readonly find: LogFinders;
  },
): void {
  if (asked === undefined) {
    const source: unknown = DERIVED.has(row.type) ? sourceOf(row) : undefined;
    if (!byId.has(String(source))) find.invented.add(`${row.type} ${row.id} was never asked for`);
    return;
  }
  if (refused.has(asked.request)) find.invented.add(`${row.id} was refused and is in the log`);
  if (asked.type !== row.type || asked.aggregate !== row.aggregate || !sameContent(asked, row)) {
    find.invented.add(`${row.id} is not stored as it was asked for`);
  }
  if (asked.onVersion !== undefined && row.version !== asked.onVersion + 1) {
    find.conditionsBroken.add(`${row.id} was for ${asked.onVersion + 1}, is ${row.version}`);
  }
}

function sourceOf({ payload }: LogRow): unknown {
  const value: unknown = JSON.parse(payload);
  return typeof value === 'object' && value !== null
    ? Reflect.get(value, 'source_event_id')
    : undefined;
}

function sameContent(asked: AskedEvent, row: LogRow): boolean {
  if (typeof asked.payload === 'string') return asked.payload === row.payload;
  try {
    return isDeepStrictEqual(JSON.parse(row.payload), asked.payload);
  } catch {
    return false;
  }
}
