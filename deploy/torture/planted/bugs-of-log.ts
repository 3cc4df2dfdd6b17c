import type { Bug } from './bug.ts';

const APPEND_SQL = 'libs/outbox/migrations/0002_append.sql';
/** The latest form of outbox_append. */
const LATEST_APPEND_SQL = 'libs/outbox/migrations/0010_log_head.sql';
/** The latest form of outbox_not_simple. */
const LATEST_JUDGING_SQL = 'libs/outbox/migrations/0011_aggregate_heads.sql';
const OUTGOING = 'libs/outbox/src/relay/outgoing.ts';

/** Bugs of appending, relaying and publishing. */
export const bugsOfLog: readonly Bug[] = [
  {
    name: 'naive id poll',
    meaning:
      'positions are taken without the lock and commit out of order; the relay polls by them',
    scenario: 'slow commit',
    caughtAs: 'lost',
    patches: [
      {
        file: APPEND_SQL,
        find: 'CREATE TYPE outbox_new_event AS (',
        replace: 'CREATE SEQUENCE planted_position;\nCREATE TYPE outbox_new_event AS (',
      },
      {
        file: LATEST_APPEND_SQL,
        find: `  log := outbox_lock();
  stored :=`,
        replace: `  SELECT * INTO STRICT log FROM outbox_log;
  log.last_position := nextval('planted_position') - 1;
  stored :=`,
      },
    ],
  },
  {
    name: 'ack before commit',
    meaning: 'an append is answered, and then not committed',
    scenario: 'plain load',
    caughtAs: 'lost',
    patches: [
      {
        file: 'libs/outbox/src/append.ts',
        find: 'export async function append(',
        replace: `let plantedCalls = 0;
export async function append(database, units) {
  plantedCalls += 1;
  if (plantedCalls % 10 !== 0) return plantedAppend(database, units);
  let answer;
  await database.transaction(async (tx) => {
    answer = await plantedAppend(tx, units);
    throw new Error('planted');
  }).catch(() => {});
  return answer;
}
async function plantedAppend(`,
      },
    ],
  },
  {
    name: 'drop every 1,000th record',
    meaning: 'the relay forgets one record in a thousand, and takes it for sent',
    scenario: 'much load',
    caughtAs: 'lost',
    patches: [
      {
        file: OUTGOING,
        find: 'export function outgoingRecords(',
        replace: 'let plantedRecords = 0;\nexport function outgoingRecords(',
      },
      {
        file: OUTGOING,
        find: 'return events.map(',
        replace: 'return events.filter(() => ++plantedRecords % 1000 !== 0).map(',
      },
    ],
  },
  {
    name: 'swap two events',
    meaning: 'two records of a batch change places',
    scenario: 'plain load',
    caughtAs: 'inversions',
    patches: [
      {
        file: OUTGOING,
        find: 'return events.map(',
        replace: 'return [...events.slice(1, 2), ...events.slice(0, 1), ...events.slice(2)].map(',
      },
    ],
  },
  {
    name: 'republish missing one partition',
    meaning: 'what is sent again after a topic lost its data leaves out a partition',
    scenario: 'topics lost',
    caughtAs: 'lost',
    patches: [
      {
        file: 'libs/outbox/src/relay/republish-send.ts',
        find: '[...batches].map(([partition, batch]) =>',
        replace:
          '[...batches].filter(([partition]) => partition !== 3).map(([partition, batch]) =>',
      },
    ],
  },
  {
    name: 'an answer without the partition',
    meaning: "a broker's answer that misses the partition is taken as success",
    scenario: 'empty answer',
    caughtAs: 'lost',
    patches: [
      {
        file: 'libs/kafka/src/answer.ts',
        find: "return { trusted: false, reason: 'it is empty' };",
        replace: 'return { trusted: true, baseOffset: leastOffset };',
      },
    ],
  },
  {
    name: 'exclusive conditions in one batch',
    meaning: 'two units of one call, each on the condition of the same version, are both stored',
    scenario: 'exclusive conditions',
    caughtAs: 'conditionsBroken',
    patches: [
      {
        file: LATEST_JUDGING_SQL,
        find: 'WHERE g.first_unit < c.unit',
        replace: 'WHERE false AND g.first_unit < c.unit',
      },
    ],
  },
];
