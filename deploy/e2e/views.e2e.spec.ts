import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@nova/testkit';
import { derived, type MadeConversation, writeChatLogs } from './chat-logs.ts';
import { prepareStack } from './stack.ts';
import { type ViewReader, viewReader } from './views.ts';

const OFFSET = 10_000;
const SERVICES = ['messaging', 'notification', 'search'];
const [ADA, BIX] = [randomUUID(), randomUUID()];
const NETWORK = 'made';
const FILES = 12;
const LINES = 150;

/** What of `nova status -o json` is looked at here. */
interface Status {
  readonly degraded: boolean;
  readonly memory_bytes: number;
  readonly parts: readonly {
    readonly name: string;
    readonly health: string;
    readonly reason: string;
  }[];
  readonly consumers: readonly {
    readonly service: string;
    readonly state: string;
    readonly parked_aggregates: string;
    readonly parked_events: string;
    readonly retrying_aggregates: string;
  }[];
}

/** What of `nova trace -o json` is looked at here. */
interface Trace {
  readonly consumers: readonly {
    readonly service: string;
    readonly state: string;
    readonly attempts?: number;
    readonly reason?: string;
  }[];
}

const stack = prepareStack(OFFSET);
const folder = mkdtempSync(join(tmpdir(), 'nova-made-'));
let views: ViewReader;

/** Calls an RPC as a README would: grpcurl, by reflection. The answer is its proto JSON. */
async function call(port: number, method: string, request: object): Promise<unknown> {
  const { code, stdout, stderr } = await stack.shell(
    `grpcurl -plaintext -d '${JSON.stringify(request)}' localhost:${port} ${method}`,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Publishes with the line of conventions §3; answers with the id of the event. */
async function publishMessage(conversationId: string, content: string): Promise<string> {
  const answer = await call(50051, 'events.EventsService/PublishEvent', {
    event_type: 'message_created',
    aggregate_id: conversationId,
    payload: { message_id: randomUUID(), sender_id: ADA, content },
  });
  // The answer of PublishEvent in proto JSON.
  return (answer as { event: { eventId: string } }).event.eventId;
}

async function directConversation(): Promise<string> {
  const answer = await call(50052, 'messaging.MessagingService/CreateConversation', {
    kind: 'direct',
    member_ids: [BIX],
    user_id: ADA,
  });
  // The answer of CreateConversation in proto JSON.
  return (answer as { conversationId: string }).conversationId;
}

async function status(): Promise<{ code: number; report: Status }> {
  const { code, stdout } = await stack.nova('status', '-o', 'json');
  // The shape that `Status` describes in part.
  return { code, report: JSON.parse(stdout) as Status };
}

async function trace(eventId: string): Promise<Trace> {
  const { stdout } = await stack.nova('trace', eventId, '-o', 'json');
  // The shape that `Trace` describes in part.
  return JSON.parse(stdout) as Trace;
}

const found = (kind: 'hits' | 'messages' | 'notifications', answer: unknown): unknown[] =>
  // Empty lists are left out of proto JSON.
  (answer as Record<string, unknown[] | undefined>)[kind] ?? [];

const search = (userId: string, query: string) =>
  call(50054, 'search.SearchService/SearchMessages', { user_id: userId, query }).then((answer) =>
    found('hits', answer),
  );
const noticesOf = (userId: string) =>
  call(50053, 'notification.NotificationService/GetNotifications', { user_id: userId }).then(
    (answer) => found('notifications', answer),
  );
const historyOf = (conversationId: string, userId: string) =>
  call(50052, 'messaging.MessagingService/GetMessageHistory', {
    conversation_id: conversationId,
    user_id: userId,
  }).then((answer) => found('messages', answer));

describe('the views', () => {
  beforeAll(async () => {
    const { code, stderr } = await stack.nova('up', '--detach');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    views = await viewReader(stack);
  }, 180_000);

  afterAll(async () => {
    await stack.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('show an event that grpcurl published: history, search, and a notice for the other side', async () => {
    const conversationId = await directConversation();
    const eventId = await publishMessage(conversationId, 'the heron landed at dawn');
    const within = { withinMs: 10_000, everyMs: 100 };
    const traced = await waitFor(
      async () => {
        const { consumers } = await trace(eventId);
        return consumers.filter(({ state }) => state === 'applied').length === 3 && consumers;
      },
      { ...within, what: 'an event that is applied everywhere' },
    );
    expect(traced.map(({ service }) => service)).toEqual(SERVICES);
    expect(await historyOf(conversationId, BIX)).toMatchObject([
      { content: 'the heron landed at dawn', senderId: ADA, sequenceNumber: '1' },
    ]);
    // A typo away, and only for those who were there.
    expect(await search(BIX, 'herron')).toMatchObject([{ conversationId, match: 'typo' }]);
    expect(await search(randomUUID(), 'heron')).toEqual([]);
    const notices = await waitFor(
      async () => {
        const told = await noticesOf(BIX);
        return told.length > 0 && told;
      },
      { ...within, what: 'a notice' },
    );
    expect(notices).toMatchObject([{ kind: 'direct_message', sourceEventId: eventId }]);
    expect(await noticesOf(ADA)).toEqual([]);
  }, 60_000);

  it('hold what the files of an import say, at the end of import --wait, and a second time', async () => {
    const made = writeChatLogs(folder, { network: NETWORK, files: FILES, lines: LINES });
    const first = await imported();
    expect(first).toMatchObject({
      in_kafka: true,
      in_views: true,
      consumers: SERVICES.map((service) => ({ service, state: 'applied' })),
    });
    // Nothing is waited for here: that was the import's part.
    await expectViewsOf(made);
    const again = await imported();
    expect(again).toMatchObject({ stored: 0, in_views: true });
    await expectViewsOf(made);
    const speaker = derived(`irc:${NETWORK}:ada`);
    expect(await search(speaker, 'said-3-1')).not.toEqual([]);
  }, 120_000);

  it('go on for all others when one aggregate fails, and health and status say so', async () => {
    const [poisoned, sound] = [randomUUID(), randomUUID()];
    // A row that the database refuses fails like a fold that throws.
    await views.query(
      'messaging',
      "ALTER TABLE message_view ADD CONSTRAINT poison CHECK (content <> 'poison')",
    );
    const eventId = await publishMessage(poisoned, 'poison');
    await publishMessage(poisoned, 'behind it');
    await publishMessage(sound, 'beside it');
    const contents = (id: string) =>
      views.query('messaging', `SELECT content FROM message_view WHERE conversation_id = '${id}'`);
    const beside = () => contents(sound).then(([row]) => row?.[0] === 'beside it');
    await waitFor(beside, { withinMs: 5_000, what: 'an event of another aggregate' });
    const { code, report } = await waitFor(
      async () => {
        const told = await status();
        // The service looks after itself every few seconds, and tells of it afterwards.
        const service = told.report.parts.find(({ name }) => name === 'messaging-service');
        return service?.health === 'degraded' && told.code === 1 && told;
      },
      { withinMs: 60_000, everyMs: 500, what: 'a parked aggregate' },
    );
    expect({ code, degraded: report.degraded }).toEqual({ code: 1, degraded: true });
    expect(report.consumers.find(({ service }) => service === 'messaging')).toMatchObject({
      state: 'running',
      parked_aggregates: '1',
      parked_events: '2',
      retrying_aggregates: '0',
    });
    expect(report.parts.find(({ name }) => name === 'messaging-service')).toMatchObject({
      health: 'degraded',
      reason: expect.stringContaining('parked'),
    });
    const { consumers } = await trace(eventId);
    expect(consumers).toMatchObject([
      {
        service: 'messaging',
        state: 'parked',
        attempts: 4,
        reason: expect.stringContaining('constraint'),
      },
      { service: 'notification', state: 'applied' },
      { service: 'search', state: 'applied' },
    ]);
    expect(await contents(poisoned)).toEqual([]);
  }, 180_000);

  it('cost little memory', async () => {
    const { report } = await status();
    expect(report.memory_bytes).toBeLessThan(2 * 1024 ** 3);
  }, 30_000);

  async function imported(): Promise<unknown> {
    const args = ['import', 'irc', folder, '--network', NETWORK, '--wait', '-o', 'json'];
    const { code, stdout, stderr } = await stack.nova(...args);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  /** Rows of both as lines of text, so that a difference is seen. */
  async function expectViewsOf(made: readonly MadeConversation[]): Promise<void> {
    const ids = made.map(({ conversationId }) => `'${conversationId}'`).join(', ');
    const of = `conversation_id IN (${ids})`;
    const lines = (rows: readonly (readonly unknown[])[]) =>
      rows.map((row) => row.join(' ')).sort();
    const messages = lines(made.map((one) => [one.conversationId, one.messages]));
    const counted = `SELECT conversation_id, count(*) FROM message_view WHERE ${of} GROUP BY 1`;
    const members = lines(
      made.flatMap((one) => [...one.members].map((user) => [one.conversationId, user])),
    );
    const mentions = lines(
      made.flatMap((one) => [...one.mentions].map((each) => [one.conversationId, ...each])),
    );
    expect({
      inMessaging: lines(await views.query('messaging', counted)),
      inSearch: lines(await views.query('search', counted)),
      members: lines(
        await views.query(
          'messaging',
          `SELECT conversation_id, user_id FROM member_view WHERE ${of} AND is_member`,
        ),
      ),
      membersToTell: lines(
        await views.query(
          'notification',
          `SELECT conversation_id, user_id FROM member_view WHERE ${of}`,
        ),
      ),
      mentions: lines(
        await views.query(
          'messaging',
          `SELECT conversation_id, user_id, count(*) FROM mention_view WHERE ${of} GROUP BY 1, 2`,
        ),
      ),
    }).toEqual({
      inMessaging: messages,
      inSearch: messages,
      members,
      membersToTell: members,
      mentions,
    });
  }
});
