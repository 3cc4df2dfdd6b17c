import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { derivedId, newEventId, topicOf } from '@nova/events';
import { openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { readyTopics, type TestDatabase, testDatabase, testKafka, waitFor } from '@nova/testkit';
import { kcat } from '../../fixtures/kcat.ts';
import { append, outboxMigrations } from '../index.ts';

const PROGRAM = fileURLToPath(new URL('../../fixtures/relay-process.ts', import.meta.url));
const LEASE_MS = 2000;
// A topic of the shared broker, used by this file alone.
const TYPE = 'relay_spec_stopped';
const ids = Array.from({ length: 100 }, (_, index) => derivedId(`stopped ${index}`));

let brokers: readonly string[];
let test: TestDatabase;
const children: ChildProcess[] = [];

beforeAll(async () => {
  [{ brokers }, test] = await Promise.all([
    testKafka(),
    testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] }),
  ]);
  const admin = openKafka({ brokers, clientId: 'stopped', logger: silentLogger }).admin();
  await readyTopics(admin, [{ topic: topicOf(TYPE), partitions: 8 }]);
  await admin.close();
}, 60_000);

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
afterAll(() => test.drop());

function startRelay(relayId: string): ChildProcess {
  const child = spawn(
    process.execPath,
    [PROGRAM, test.url, brokers.join(','), relayId, String(LEASE_MS)],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  children.push(child);
  return child;
}

interface LaneRow {
  readonly lane: number;
  readonly owner: string | null;
  readonly term: bigint;
  readonly position: bigint;
}

const lanes = () =>
  test.database.query<LaneRow>(
    'SELECT lane, owner, term, position FROM outbox_lanes ORDER BY lane',
  );

const ownsAll = (relayId: string) =>
  waitFor(async () => (await lanes()).every(({ owner }) => owner === relayId), {
    withinMs: 20_000,
    what: `${relayId} has all lanes`,
  });

async function allAtHead(): Promise<void> {
  await waitFor(
    async () => {
      const [log] = await test.database.query<{ head: bigint }>(
        'SELECT last_position AS head FROM outbox_log',
      );
      return (await lanes()).every(({ position }) => position === log?.head);
    },
    { withinMs: 20_000, what: 'all lanes at the head' },
  );
}

const appendRound = () =>
  append(test.database, [
    {
      conditions: [],
      mode: 'atomic',
      events: ids.map((aggregateId) => ({
        eventId: newEventId(),
        eventIdGiven: false,
        eventType: TYPE,
        schemaVersion: 1,
        aggregateType: 'conversation',
        aggregateId,
        payload: Buffer.from('{}'),
        source: '/nova/relay-spec',
        annotations: {},
      })),
    },
  ]);

async function expectTopicToHoldTheLog(): Promise<void> {
  const rows = await test.database.query<{ id: string }>(
    'SELECT event_id AS id FROM outbox_events',
  );
  const records = await kcat(brokers, topicOf(TYPE));
  const seen = new Set<string>();
  const next = new Map<string, number>();
  for (const { key, headers } of records) {
    const id = headers['ce_id'] ?? '';
    if (seen.has(id)) continue;
    seen.add(id);
    const sequence = Number(headers['ce_novatypesequence']);
    expect(sequence).toBe((next.get(key) ?? 0) + 1);
    next.set(key, sequence);
  }
  expect(seen).toEqual(new Set(rows.map(({ id }) => id)));
}

describe('a relay process', () => {
  it('is followed by another when it is killed in the middle', async () => {
    const killed = startRelay('killed');
    await ownsAll('killed');
    startRelay('heir');
    for (let round = 0; round < 30; round += 1) {
      await appendRound();
      if (round === 15) killed.kill('SIGKILL');
    }
    await ownsAll('heir');
    await allAtHead();
    await expectTopicToHoldTheLog();
  }, 90_000);

  it('moves nothing when it wakes after its lease has passed', async () => {
    const sleeper = startRelay('sleeper');
    await ownsAll('sleeper');
    // Stopped while it has things to send and cursors to write.
    for (let round = 0; round < 5; round += 1) await appendRound();
    sleeper.kill('SIGSTOP');
    for (let round = 0; round < 5; round += 1) await appendRound();
    const before = await lanes();
    await waitFor(
      async () => {
        const [row] = await test.database.query<{ over: boolean }>(
          'SELECT max(lease_until) < clock_timestamp() AS over FROM outbox_lanes',
        );
        return row?.over === true;
      },
      { withinMs: 10_000, what: 'its lease ended' },
    );
    await test.database.query('CREATE TABLE moves (lane smallint, owner text, term bigint)');
    await test.database.query(`
      CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.position <> OLD.position THEN
          INSERT INTO moves VALUES (NEW.lane, OLD.owner, OLD.term);
        END IF;
        RETURN NEW;
      END $$`);
    await test.database.query(`
      CREATE TRIGGER note_move BEFORE UPDATE ON outbox_lanes
      FOR EACH ROW EXECUTE FUNCTION note_move()`);
    const heir = startRelay('heir');
    await ownsAll('heir');
    await allAtHead();
    sleeper.kill('SIGCONT');
    await waitFor(async () => (await lanes()).some(({ owner }) => owner === 'sleeper'), {
      withinMs: 20_000,
      what: 'the sleeper takes part anew',
    });
    await appendRound();
    await allAtHead();
    const moves = await test.database.query<{ lane: number; owner: string; term: bigint }>(
      'SELECT lane, owner, term FROM moves',
    );
    expect(moves.length).toBeGreaterThan(0);
    const terms = new Map(before.map(({ lane, term }) => [lane, term]));
    for (const { lane, owner, term } of moves) {
      if (owner === 'sleeper') expect(term).toBeGreaterThan(terms.get(lane) ?? 0n);
    }
    await expectTopicToHoldTheLog();
    heir.kill('SIGTERM');
    await once(heir, 'exit');
    expect(heir.exitCode).toBe(0);
    expect((await lanes()).filter(({ owner }) => owner === 'heir')).toEqual([]);
  }, 90_000);
});
