import type { Bug } from './bug.ts';

const COMMIT_ROUND = 'libs/consumer/src/commit-round.ts';
const MARKS = 'libs/consumer/src/marks.ts';

/** Bugs of applying events to views. */
export const bugsOfConsumers: readonly Bug[] = [
  {
    name: 'apply twice',
    meaning: 'an event is folded into its rows twice',
    scenario: 'plain load',
    caughtAs: 'appliedTwice',
    patches: [
      {
        file: 'libs/projection/src/apply.ts',
        find: 'const folded = handler.fold(before, event, name.key as never);',
        replace: `let folded = handler.fold(before, event, name.key as never);
    if (event.version % 5n === 0n) folded = handler.fold(folded, event, name.key as never);`,
      },
    ],
  },
  {
    name: 'offset before view',
    meaning:
      'offsets are committed before the rows they stand for, and the process dies in between',
    scenario: 'death before the commit',
    caughtAs: 'viewMismatches',
    patches: [
      {
        file: COMMIT_ROUND,
        find: '  const committed = await (isBulk',
        replace: `  await writeOffsets(context.database, context.generation, context.intake.frontiers(new Set(
    [...round.deliveries.values()].flat().flatMap(({ entry }) => entry ?? []))));
  const committed = await (isBulk`,
      },
    ],
  },
  {
    name: 'unfenced zombie',
    meaning:
      'a member that slept trusts the marks it remembers instead of locking and reading them',
    scenario: 'zombie member',
    caughtAs: 'appliedTwice',
    patches: [
      {
        file: MARKS,
        find: 'export async function lockMarks(',
        replace: `const plantedCaches = new WeakMap();
function plantedCache(generation) {
  const cache = plantedCaches.get(generation) ?? new Map();
  plantedCaches.set(generation, cache);
  return cache;
}
export async function lockMarks(tx, generation, aggregates) {
  const cache = plantedCache(generation);
  const found = await plantedLock(tx, generation, aggregates);
  for (const [key] of found) if (cache.has(key)) found.set(key, cache.get(key));
  return found;
}
async function plantedLock(`,
      },
      {
        file: MARKS,
        find: '  if (marks.length === 0) return;',
        replace: `  for (const mark of marks) {
    plantedCache(arguments[1]).set(aggregateKey(mark), mark);
  }
  if (marks.length === 0) return;`,
      },
    ],
  },
  {
    name: 'dedupe in a separate transaction',
    meaning: 'marks are written after the commit of the rows, and the process dies in between',
    scenario: 'plain load',
    caughtAs: 'appliedTwice',
    patches: [
      {
        file: COMMIT_ROUND,
        find: 'writeMarks(tx, generation, marks),',
        replace: '(globalThis.plantedMarks = marks),',
      },
      {
        file: COMMIT_ROUND,
        find: '  intake.settle(committed.settled);',
        replace: `  globalThis.plantedRounds = (globalThis.plantedRounds ?? 0) + 1;
  if (globalThis.plantedRounds === 1) throw new Error('planted: died in between');
  await writeMarks(context.database, context.generation, globalThis.plantedMarks);
  intake.settle(committed.settled);`,
      },
    ],
  },
  {
    name: 'increment without a guard',
    meaning:
      'what changes a counter is outside of the transaction and done again with it, as an INCR in Redis whose answer was lost',
    scenario: 'commit fails once',
    caughtAs: 'appliedTwice',
    patches: [
      {
        file: COMMIT_ROUND,
        find: 'rows.save(tx),',
        replace: `context.database.transaction(async (own) => {
      await enterRound(own, generation);
      await rows.save(own);
    }),`,
      },
    ],
  },
  {
    name: 'skip on poison',
    meaning: 'an event that cannot be applied is left out, and what follows is applied',
    scenario: 'poison',
    caughtAs: 'viewMismatches',
    patches: [
      {
        file: COMMIT_ROUND,
        find: `        share.failed = { delivery, thrown };
        break;`,
        replace: '        share.plans.set(delivery, undefined);',
      },
    ],
  },
  {
    name: 'a view of the local clock',
    meaning: 'a fold takes the time from the machine instead of the event',
    scenario: 'plain load',
    caughtAs: 'viewMismatches',
    patches: [
      {
        file: 'examples/activity-counter/src/views/activity_view/activity-view.ts',
        find: 'last_active_at: storedAt',
        replace: 'last_active_at: new Date().toISOString()',
        everywhere: true,
      },
    ],
  },
  {
    name: 'mark later than its rows',
    meaning: 'rows are read before the marks that guard them are locked',
    scenario: 'two members',
    caughtAs: 'viewMismatches',
    patches: [
      {
        file: COMMIT_ROUND,
        find: 'export async function writeRound(',
        replace: `const plantedRowsOf = new WeakMap();
async function plantedRead(context, tx, round) {
  const rows = new RowSet();
  for (const delivery of [...round.deliveries.values()].flat()) {
    const plan = planOf(context.generation, context.schemas, delivery);
    for (const { name } of plan?.touches ?? []) rows.want(name);
  }
  await rows.load(tx);
  plantedRowsOf.set(round, rows);
  // However long the other member takes.
  await tx.query('SET LOCAL idle_in_transaction_session_timeout = 0');
  await tx.query('SET LOCAL transaction_timeout = 0');
  await globalThis.plantedPause?.();
}
export async function writeRound(`,
      },
      {
        file: COMMIT_ROUND,
        find: 'judgeRound(context, tx, round));',
        replace: 'plantedRead(context, tx, round).then(() => judgeRound(context, tx, round)));',
      },
      {
        file: COMMIT_ROUND,
        find: 'const [rows, effectMarks] = await',
        replace: 'const [plantedFresh, effectMarks] = await',
      },
      {
        file: COMMIT_ROUND,
        find: '  await forgetRows(context, tx, shares, rows, round);',
        replace: `  const rows = plantedRowsOf.get(round);
  await forgetRows(context, tx, shares, rows, round);`,
      },
    ],
  },
  {
    name: 'no tail check',
    meaning: 'a consumer never looks whether the end of what Kafka gave it is the end of the log',
    scenario: 'last record not delivered',
    caughtAs: 'viewMismatches',
    patches: [
      {
        file: 'libs/consumer/src/tail-check.ts',
        find: '  async run(stop: AbortSignal): Promise<void> {',
        replace:
          '  async run(stop: AbortSignal): Promise<void> {\n    if (stop.aborted || true) return;',
      },
    ],
  },
];
