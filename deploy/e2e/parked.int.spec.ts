import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { processEnvironment } from '@nova/config';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { createClient } from '@nova/rpc';
import {
  type TestProcess,
  type TestService,
  type TestStack,
  testStack,
  waitFor,
} from '@nova/testkit';

const CLI = join(import.meta.dirname, '../../cli/src/main.ts');
const CONVERSATIONS = 8;
const BEHIND = 40;

let stack: TestStack;
let messaging: TestService;
let member: TestProcess;
const ids = Array.from({ length: CONVERSATIONS }, () => randomUUID());
const children: ChildProcess[] = [];

beforeAll(async () => {
  stack = await testStack();
  messaging = await stack.service('messaging');
  member = await messaging.start();
}, 180_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await stack.remove();
});

/** The views refuse messages that say so, as with a mistake in a table. */
async function makeIll(): Promise<void> {
  await messaging.database.database.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.content = 'poison' THEN RAISE EXCEPTION 'poisoned'; END IF;
      RETURN NEW;
    END $$`);
  await messaging.database.database.query(
    'CREATE TRIGGER refuse BEFORE INSERT ON views_g1.message_view FOR EACH ROW EXECUTE FUNCTION refuse()',
  );
}

/** Mended; a message takes so many seconds. */
async function heal(seconds: number): Promise<void> {
  await messaging.database.database.query(`
    CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_sleep(${seconds}); RETURN NEW; END $$`);
}

function nova(...args: string[]) {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: processEnvironment['PATH'], NOVA_EVENTS_URL: stack.log.address },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  const end = once(child, 'close').then(([code]) => ({ code: Number(code), stdout, stderr }));
  return { child, end };
}

/** What a verb prints as JSON. */
async function told(exitCode: number, ...args: string[]): Promise<Record<string, unknown[]>> {
  const { code, stdout, stderr } = await nova(...args, '-o', 'json').end;
  if (code !== exitCode) throw new Error(`nova ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
  // Every verb prints one document.
  return JSON.parse(stdout) as Record<string, unknown[]>;
}

async function publishAll(): Promise<void> {
  const client = createClient(EventsService, { address: stack.log.address, deadlineMs: 10_000 });
  const texts = ['poison', ...Array.from({ length: BEHIND }, (_, index) => `behind ${index}`)];
  for (const aggregateId of ids) {
    const events = texts.map((content) => ({
      eventType: 'message_created',
      aggregateId,
      payload: { message_id: randomUUID(), sender_id: aggregateId, content },
    }));
    await client.publishEvents({ events });
  }
  client.close();
}

async function messagesOf(): Promise<{ id: string; count: number; rising: boolean }[]> {
  return messaging.database.database.query(
    `SELECT conversation_id AS id, count(*)::integer AS count,
            bool_and(sequence = place) AS rising
     FROM (SELECT *, row_number() OVER (PARTITION BY conversation_id ORDER BY version) AS place
           FROM views_g1.message_view WHERE conversation_id = ANY ($1::text[])) AS m
     GROUP BY conversation_id`,
    [ids],
  );
}

describe('what is parked in a real service', () => {
  it('is listed, tried out, and replayed to its end although its process is killed', async () => {
    await makeIll();
    await publishAll();
    const store = messaging.database.database;
    await waitFor(
      async () => {
        const [row] = await store.query<{ count: number }>(
          'SELECT count(*)::integer AS count FROM parked_events',
        );
        return row?.count === CONVERSATIONS * (BEHIND + 1);
      },
      { withinMs: 40_000, what: 'all of it to be parked' },
    );
    // As after the last retry, which comes ten seconds later; not while one is under way.
    await waitFor(
      async () => {
        await store.query(
          `UPDATE parked_aggregates SET state = 'parked', attempts = 4, next_attempt_at = NULL
           WHERE state = 'retrying' AND next_attempt_at > clock_timestamp()
             AND next_attempt_at < failed_at + interval '12 s'`,
        );
        const parked = await store.query("SELECT 1 FROM parked_aggregates WHERE state = 'parked'");
        return parked.length === CONVERSATIONS;
      },
      { withinMs: 60_000, what: 'the end of the retries' },
    );
    const { groups } = await told(0, 'parked', 'groups', '--retrying');
    expect(groups).toMatchObject([
      { consumer: 'messaging/views', error_code: 'NOVA_POSTGRES_REFUSED', aggregates: '8' },
    ]);
    const [first = ''] = ids;
    const dry = ['parked', 'replay', '--aggregate', first, '--retrying', '--dry-run'];
    expect(await told(1, ...dry)).toMatchObject({ dry_run: [{ outcome: 'would fail' }] });
    // Slow enough to be killed on the way; 41 in one statement, which may take 1.5 s.
    await heal(0.02);
    expect(await told(0, ...dry)).toMatchObject({
      dry_run: [{ outcome: 'would apply', applied: BEHIND + 1, changed_rows: BEHIND + 3 }],
    });
    expect(await messagesOf()).toEqual([]);
    const replay = nova('parked', 'replay', '--all', '--retrying', '--reason', 'mended');
    await waitFor(async () => (await messagesOf()).length >= 2, {
      withinMs: 30_000,
      what: 'the first to be replayed',
      everyMs: 10,
    });
    await member.kill();
    expect((await messagesOf()).length).toBeLessThan(CONVERSATIONS);
    await heal(0);
    member = await messaging.start();
    await replay.end;
    await waitFor(
      async () =>
        (await store.query("SELECT 1 FROM parked_acts WHERE state = 'done'")).length === 1,
      { withinMs: 40_000, what: 'the end of the act' },
    );
    const { acts } = await told(0, 'parked', 'acts');
    expect(acts).toMatchObject([
      { kind: 'replay', reason: 'mended', who: 'dev', total: CONVERSATIONS, failed: 0, gone: 0 },
    ]);
    const messages = await messagesOf();
    expect(messages).toHaveLength(CONVERSATIONS);
    for (const { count, rising } of messages) {
      expect({ count, rising }).toEqual({ count: BEHIND + 1, rising: true });
    }
    expect(await store.query('SELECT 1 FROM parked_events')).toEqual([]);
  }, 180_000);

  it('is shown as it should be once a part of the log is replayed into the views', async () => {
    const [first = '', second = ''] = ids;
    const store = messaging.database.database;
    const damage = `DELETE FROM views_g1.message_view
                    WHERE conversation_id = ANY ($1::text[]) AND sequence > 3`;
    await store.query(damage, [[first, second]]);
    const view = ['replay', 'view', 'messaging', '--aggregate', first];
    expect(await told(0, ...view, '--dry-run')).toEqual({
      events: { message_created: String(BEHIND + 1) },
      aggregates: '1',
    });
    expect(await told(0, ...view, '--reason', 'rows were lost by hand')).toMatchObject({
      acts: [
        { kind: 'refold', state: 'done', total: 1, done: 1, reason: 'rows were lost by hand' },
      ],
    });
    const counts = new Map((await messagesOf()).map(({ id, count }) => [id, count]));
    expect([counts.get(first), counts.get(second)]).toEqual([BEHIND + 1, 3]);
    const { code, stderr } = await nova(...view, '--event-type', 'post_created', '--dry-run').end;
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('event_types'),
    });
  }, 180_000);
});
