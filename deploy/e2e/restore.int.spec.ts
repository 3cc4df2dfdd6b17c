import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { OpsService, RebuildState } from '@nova/proto/gen/ops/ops_service_pb';
import { type Client, createClient } from '@nova/rpc';
import {
  type TestProcess,
  type TestService,
  type TestStack,
  testKafka,
  testStack,
  waitFor,
} from '@nova/testkit';
import { conversations, publishTo } from './followed-log.ts';
import { inversions, psql, topicRecords } from './witness.ts';

const TOPIC = 'nova_events_message_created';

let stack: TestStack;
let messaging: TestService;
let process: TestProcess;
let events: Client<typeof EventsService>;
/** Of the views that serve. */
let generation = 1;

beforeAll(async () => {
  stack = await testStack();
  messaging = await stack.service('messaging');
  process = await messaging.start();
  events = createClient(EventsService, { address: stack.log.address, deadlineMs: 5000 });
}, 120_000);
afterAll(async () => {
  events?.close();
  await stack?.remove();
}, 60_000);

const say = (to: readonly string[]) => publishTo(events, to);

/** The view and the log, each told by psql alone. */
async function difference(): Promise<{ shown: string[]; logged: string[] }> {
  const shown = await psql(
    messaging.database.url,
    `SELECT conversation_id, message_id, sequence, version FROM views_g${generation}.message_view
     ORDER BY 1, 2`,
  );
  const logged = await psql(
    stack.database.url,
    `SELECT aggregate_id, convert_from(payload, 'UTF8')::json ->> 'message_id', type_sequence,
            aggregate_version
     FROM outbox_events WHERE event_type = 'message_created' ORDER BY 1, 2`,
  );
  const lines = (rows: string[][]) => rows.map((row) => row.join(' ')).sort();
  return { shown: lines(shown), logged: lines(logged) };
}

const viewsAreTheLog = (what: string) =>
  waitFor(
    async () => {
      const { shown, logged } = await difference();
      expect(shown).toEqual(logged);
      return logged.length > 0;
    },
    { withinMs: 30_000, what },
  );

/** Everything that the log has now is in Kafka, first occurrences in order. */
async function topicsHaveTheLog(): Promise<void> {
  const { brokers } = await testKafka();
  const logged = await psql(stack.database.url, 'SELECT event_id FROM outbox_events');
  await waitFor(
    async () => {
      const records = await topicRecords(brokers.join(','), TOPIC);
      const there = new Set(records.map(({ eventId }) => eventId));
      expect(logged.flat().filter((id) => !there.has(id))).toEqual([]);
      const ours = new Set(logged.flat());
      expect(inversions(records.filter(({ eventId }) => ours.has(eventId)))).toEqual([]);
      return true;
    },
    { withinMs: 30_000, what: 'the restored log in the topic' },
  );
}

describe('a log that is put back to an older backup, with its views ahead of it', () => {
  const old = conversations(20);

  it('is what the views show, when others were published before a consumer looked', async () => {
    await say(old);
    await say(old);
    await viewsAreTheLog('what will be backed up');
    const backup = await stack.database.backUp();
    await say([...old.slice(0, 10), ...conversations(10)]);
    await viewsAreTheLog('what will be lost');
    await process.stop();
    await backup.restore();
    // At the same positions, and beyond.
    await say([...conversations(15), ...old.slice(5, 20)]);
    process = await messaging.start();
    await viewsAreTheLog('the fold of the restored log');
    await topicsHaveTheLog();
    expect(process.output()).toContain('log has lost what views show');
  }, 120_000);

  it('is what they show also where everything went on running, and goes on', async () => {
    const backup = await stack.database.backUp();
    await say([...old, ...conversations(10)]);
    await viewsAreTheLog('what will be lost');
    await backup.restore();
    await say([...conversations(30), ...old.slice(0, 5)]);
    await viewsAreTheLog('the fold of the restored log');
    await say(old);
    await viewsAreTheLog('what came after');
    await topicsHaveTheLog();
  }, 120_000);
});

describe('what operators may do about it', () => {
  it('is to begin an epoch and to make views anew, each with a reason', async () => {
    const ops = createClient(OpsService, { address: process.address, deadlineMs: 5000 });
    await expect(events.rebaseLog({})).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
    await expect(ops.startRebuild({})).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
    await say(conversations(5));
    const [[head = ''] = []] = await psql(
      stack.database.url,
      'SELECT last_position FROM outbox_log',
    );
    const { epoch, firstPosition } = await events.rebaseLog({ reason: 'the spec wants it' });
    expect(firstPosition).toBe(BigInt(head) + 1n);
    const { rebuild: dry } = await ops.startRebuild({ dryRun: true });
    expect(dry).toMatchObject({ servingGeneration: 1, head: BigInt(head) });
    expect(dry?.views).toContain('message_view');
    await ops.startRebuild({ reason: 'and this, too' });
    await waitFor(async () => (await ops.getRebuild({})).rebuild?.state === RebuildState.DONE, {
      withinMs: 20_000,
      what: 'the new generation',
    });
    expect((await ops.getRebuild({})).rebuild).toMatchObject({
      servingGeneration: 2,
      who: 'dev',
      reason: 'and this, too',
    });
    generation = 2;
    await say(conversations(5));
    await viewsAreTheLog('the new generation');
    const epochs = await psql(stack.database.url, 'SELECT epoch FROM outbox_epochs');
    expect(epochs.flat()).toContain(epoch);
    ops.close();
  }, 60_000);
});
