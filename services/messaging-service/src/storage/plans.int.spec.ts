import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { views } from '../views/views.ts';
import { statement } from './statement.ts';

/** Messages and mentions lie in one conversation, so that averages mislead about all others. */
const SEED = [
  `INSERT INTO conversation_view
   SELECT 'big', 'group', 'u1', 'big', NULL, NULL, '{}', false, 't', 20000, 't5'`,
  `INSERT INTO member_view
   SELECT 'big', 'u' || i, true, 'member', ARRAY[CASE WHEN i % 2 = 0 THEN 0 ELSE 18000 + i END], NULL
   FROM generate_series(1, 3000) AS i`,
  `INSERT INTO message_view
   SELECT 'big', 'm' || i, i, 3000 + i, 'u' || (1 + i % 100), 'hello', 'text',
          CASE WHEN i % 2 = 0 THEN ARRAY['u1', 'u7'] ELSE '{}' END, NULL, NULL, NULL, 't', 't', NULL,
          i % 50 = 0
   FROM generate_series(1, 20000) AS i`,
  `INSERT INTO mention_view
   SELECT 'big', 'm' || i, u, 3000 + i
   FROM generate_series(2, 20000, 2) AS i, unnest(ARRAY['u1', 'u7']) AS u`,
  `INSERT INTO conversation_view
   SELECT 'c' || c, 'group', 'u1', 'n', NULL, NULL, '{}', false, 't', 20, 't' || (c % 9)
   FROM generate_series(1, 300) AS c`,
  `INSERT INTO conversation_view
   SELECT 'd' || c, 'direct', 'u1', NULL, NULL, NULL, ARRAY['u1', 'u2'], false, 't', 0, 't'
   FROM generate_series(1, 30000) AS c`,
  `INSERT INTO member_view
   SELECT 'c' || c, 'u' || u, true, 'member', ARRAY[0], NULL
   FROM generate_series(1, 300) AS c, generate_series(1, 5) AS u`,
  `INSERT INTO message_view
   SELECT 'c' || c, 'm' || c || '_' || i, i, 10 + i, 'u' || (1 + i % 5), 'hello', 'text', '{}', NULL,
          NULL, NULL, 't', 't', NULL, false
   FROM generate_series(1, 300) AS c, generate_series(1, 20) AS i`,
  `INSERT INTO participant_view
   SELECT 'p' || c, 'c' || c, 'u1', 15, 0, c % 100 = 0, false, false, false
   FROM generate_series(1, 300) AS c`,
  `INSERT INTO reaction_view
   SELECT 'big', 'm' || i, 'x', 'u' || u, 'x'
   FROM generate_series(1, 2000) AS i, generate_series(1, 5) AS u`,
  `INSERT INTO user_view SELECT 'u' || i, 'user' || i, NULL, NULL, NULL FROM generate_series(1, 3000) AS i`,
];

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

let store: TestDatabase;
beforeAll(async () => {
  store = await testDatabase();
  const { database } = store;
  for (const { table } of views) await database.query(readFileSync(table, 'utf8'));
  for (const sql of SEED) await database.query(sql);
  await database.query('VACUUM ANALYZE');
});
afterAll(() => store.drop());

/** How many rows of tables a statement looks at. */
async function rowsLookedAt(name: string, params: readonly unknown[]): Promise<number> {
  const { text } = statement(name);
  const [plan] = await store.database.query<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>(
    `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`,
    params,
  );
  return Math.round(plan?.['QUERY PLAN'].reduce((sum, { Plan }) => sum + rowsOf(Plan), 0) ?? 0);
}

function rowsOf(node: PlanNode): number {
  const below = (node.Plans ?? []).reduce((sum, plan) => sum + rowsOf(plan), 0);
  if (node['Relation Name'] === undefined) return below;
  const each = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0);
  return below + each * node['Actual Loops'];
}

const of = (user: string, ...ids: string[]) => [user, ids];
const fifty = Array.from({ length: 50 }, (_, n) => `c${n + 1}`);
const END = 2n ** 63n - 1n;

describe('a query over many messages and members', () => {
  it.each<[string, readonly unknown[], number]>([
    // Three rows for each of the user's conversations.
    ['conversations-of-user', ['u1', false, null, '', '', 51], 301 * 3],
    // Per conversation: itself, member, settings, 5 members, last message and its sender, 5 unread.
    ['conversation-details', of('u1', ...fifty), 50 * 25],
    // Its members, and no more than 1,000 unread and 1,000 mentions with their messages.
    ['conversation-details', of('u1', 'big'), 3000 + 1200 + 2400],
    ['count-unread', of('u2', 'big'), 1200],
    ['count-unread', of('u3000', 'big', ...fifty), 1200],
    ['count-mentions', of('u1', ...fifty), 50 * 5],
    ['count-mentions', of('u7', 'big'), 2400],
    ['history-older', [...of('u2', 'big'), END, 51], 120],
    ['history-older', [...of('u2', 'big'), 10_000, 51], 120],
    ['history-newer', [...of('u2', 'big'), 10_000, 51], 120],
    ['history-newer', [...of('u2999', 'big'), 1, 51], 120],
    ['message', [...of('u2', 'big'), 'm777'], 10],
    ['may-read', ['u2', 'big'], 2],
    ['peers', ['big'], 1],
    ['other-members', ['big', 'u1', 20], 30],
    ['reactions', [['big', 'big'], ['m7', 'm8'], 'u1'], 10],
  ])('looks at few rows: %s', async (name, params, limit) => {
    expect(await rowsLookedAt(name, params)).toBeLessThanOrEqual(limit);
  });
});
