import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, createClient } from '@nova/rpc';
import { waitFor } from '@nova/testkit';
import { sleep } from '@nova/time';
import { exampleBeside } from './example-service.ts';
import { foldMessages, type LoggedPayload } from './fold-messages.ts';
import { prepareStack } from './stack.ts';
import { type ViewReader, viewReader } from './views.ts';
import { inversions, loggedEvents, psql, topicRecords } from './witness.ts';

const EVENTS = 10_000;
const CLIENTS = 10;
/** Direct conversations; each client has its own, and publishes to each in order. */
const CONVERSATIONS = 100;
const TYPES = ['message_created', 'message_edited'];

/** Parts that are killed, and how many events are acknowledged by then. */
const KILLS = [
  { part: 'events-service', at: 1_000 },
  { part: 'messaging-service', at: 2_200 },
  { part: 'relay', at: 3_400 },
  { part: 'redis', at: 4_000 },
  { part: 'notification-service', at: 4_600 },
  { part: 'kafka', at: 5_800 },
  { part: 'search-service', at: 7_000 },
  { part: 'postgres', at: 8_200 },
];
/** Nobody publishes further than this beyond a kill that is due: it shall hit a system at work. */
const AHEAD = 500;

interface Conversation {
  readonly id: string;
  readonly users: readonly [string, string];
  /** The message that an edit is about. */
  lastMessageId: string;
}

describe('kill -9 of every part and consumer while 10,000 events are published', () => {
  // With fast marks, which may be of no use but do no harm.
  const stack = prepareStack(8000, { NOVA_CONSUMER_FAST_MARKS: 'true' });
  // It counts: a message that is applied twice, or never, shows.
  const example = exampleBeside(stack);
  const acknowledged: string[] = [];
  let killed = 0;
  let errorsSeen = 0;
  let database = '';
  let views: ViewReader;
  const brokers = `localhost:${stack.port(9092)}`;

  function connect(): Client<typeof EventsService> {
    return createClient(EventsService, {
      address: `localhost:${stack.port(50051)}`,
      deadlineMs: 3000,
    });
  }

  /** Publishes until it is acknowledged, with one request id: a retry is the same request. */
  async function publish(
    client: Client<typeof EventsService>,
    event: { eventType: string; aggregateId?: string; payload: Record<string, string | string[]> },
  ): Promise<{ eventId: string; aggregateId: string }> {
    const request = { ...event, requestId: randomUUID() };
    for (;;) {
      try {
        const { event: stored } = await client.publishEvent(request);
        return { eventId: stored?.eventId ?? '', aggregateId: stored?.aggregateId ?? '' };
      } catch {
        errorsSeen += 1;
        await sleep(50);
      }
    }
  }

  async function openConversation(client: Client<typeof EventsService>): Promise<Conversation> {
    const users = [randomUUID(), randomUUID()] as const;
    const payload = { kind: 'direct', creator_id: users[0], member_ids: [users[1]] };
    const { aggregateId } = await publish(client, { eventType: 'conversation_created', payload });
    return { id: aggregateId, users, lastMessageId: '' };
  }

  /** Two messages, then an edit of the second one, and so on. */
  async function say(client: Client<typeof EventsService>, at: Conversation, n: number) {
    const isEdit = n % 3 === 2;
    if (!isEdit) at.lastMessageId = randomUUID();
    const author = at.users[n % 2] ?? at.users[0];
    const { eventId } = await publish(client, {
      eventType: isEdit ? 'message_edited' : 'message_created',
      aggregateId: at.id,
      payload: {
        message_id: at.lastMessageId,
        content: `word ${n} ${isEdit ? 'mended' : 'said'}`,
        [isEdit ? 'editor_id' : 'sender_id']: author,
      },
    });
    acknowledged.push(eventId);
  }

  async function talk(): Promise<void> {
    const client = connect();
    const conversations: Conversation[] = [];
    while (conversations.length < CONVERSATIONS / CLIENTS) {
      conversations.push(await openConversation(client));
    }
    for (let n = 0; n < EVENTS / CONVERSATIONS; n += 1) {
      for (const conversation of conversations) {
        const next = () => (KILLS[killed]?.at ?? EVENTS) + AHEAD;
        while (acknowledged.length >= next()) await sleep(20);
        await say(client, conversation, n);
      }
    }
    client.close();
  }

  async function killAll(): Promise<void> {
    // Known before: each part has this pid until it is killed, and only then another one.
    const pids = await stack.pids();
    for (const { part, at } of KILLS) {
      await waitFor(() => acknowledged.length >= at, {
        withinMs: 90_000,
        what: `${at} acknowledged`,
      });
      const pid = pids.get(part);
      if (pid === undefined) throw new Error(`no pid of ${part}`);
      process.kill(pid, 'SIGKILL');
      killed += 1;
      // Its team starts it again; by now something else is broken, too.
      if (part === 'kafka') await example.end('SIGKILL').then(() => example.start());
    }
  }

  beforeAll(async () => {
    const up = await stack.nova('up', '--detach');
    expect({ ...up, stdout: '' }).toMatchObject({ code: 0 });
    database = await stack.databaseUrl('nova_events');
    views = await viewReader(stack);
    await example.makeDatabase();
    await example.start();
  }, 180_000);

  afterAll(async () => {
    example.remove();
    await stack.remove();
  }, 60_000);

  it('keeps every acknowledged event, once, in order, in the log and in its topic', async () => {
    const killing = killAll();
    await Promise.all([killing, ...Array.from({ length: CLIENTS }, talk)]);
    expect(acknowledged).toHaveLength(EVENTS);
    // A run in which no fault was felt proves nothing.
    expect(errorsSeen).toBeGreaterThan(0);

    const drained = async () => {
      const [[behind] = []] = await psql(
        database,
        'select (select last_position from outbox_log) - (select min(position) from outbox_lanes)',
      ).catch(() => [['unknown']]);
      return behind === '0';
    };
    await waitFor(drained, { withinMs: 60_000, what: 'an empty backlog' });

    const topics = TYPES.map((type) => `nova_events_${type}`);
    const logged = (await loggedEvents(database)).filter(({ topic }) => topics.includes(topic));
    expect(logged.map(({ eventId }) => eventId).sort()).toEqual([...acknowledged].sort());

    const records = (await Promise.all(topics.map((topic) => topicRecords(brokers, topic)))).flat();
    const place = (topic: string, eventId: string) => `${topic} ${eventId}`;
    expect([...new Set(records.map((one) => place(one.topic, one.eventId)))].sort()).toEqual(
      logged.map((one) => place(one.topic, one.eventId)).sort(),
    );
    expect(inversions(records)).toEqual([]);
  }, 240_000);

  it('applies each event once in each view, without help', async () => {
    const { counts, ...expected } = foldMessages(
      await payloads(['conversation_created', ...TYPES]),
    );
    const lines = (rows: readonly (readonly string[])[]) => rows.map((row) => row.join('|')).sort();
    const same = async () => {
      expect({
        messages: lines(
          await views.query(
            'messaging',
            'SELECT conversation_id, message_id, sequence, version, sender_id, content FROM message_view',
          ),
        ),
        conversations: lines(
          await views.query(
            'messaging',
            'SELECT conversation_id, kind, last_sequence FROM conversation_view',
          ),
        ),
        found: lines(
          await views.query(
            'search',
            'SELECT conversation_id, message_id, version, sender_id, content FROM message_view',
          ),
        ),
        notices: lines(
          await views.query(
            'notification',
            "SELECT source_event_id, user_id FROM notification_view WHERE kind = 'direct_message'",
          ),
        ),
      }).toEqual(expected);
      return true;
    };
    // A consumer whose connection was killed waits for its place in the group to run out.
    await waitFor(same, { withinMs: 60_000, everyMs: 1000, what: 'views like the log' });
    const counted = async () => {
      const rows = await psql(
        example.databaseUrl,
        'SELECT conversation_id, messages, members_added FROM views_g1.activity_view',
      );
      expect(lines(rows)).toEqual(counts);
      return true;
    };
    await waitFor(counted, { withinMs: 30_000, everyMs: 500, what: 'each message counted once' });
    const notices = await payloads(['notification_created']);
    expect(notices).toHaveLength(expected.notices.length);
    const parts = await waitFor(
      async () => {
        const { code, stdout } = await stack.nova('status', '-o', 'json');
        // What of `nova status -o json` is asserted here.
        const told = JSON.parse(stdout) as Record<'consumers' | 'parts', object[]>;
        const sound = expect.objectContaining({ state: 'running', parked_aggregates: '0' });
        expect({ code, consumers: told.consumers }).toEqual({
          code: 0,
          consumers: [sound, sound, sound, sound],
        });
        return told.parts;
      },
      { withinMs: 30_000, what: 'sound consumers' },
    );
    // Killed once, and nothing ended besides.
    expect(parts).toEqual(KILLS.map(() => expect.objectContaining({ restarts: 1 })));
  }, 180_000);

  async function payloads(types: readonly string[]): Promise<LoggedPayload[]> {
    const rows = await psql(
      database,
      `SELECT event_id, event_type, aggregate_id, aggregate_version, type_sequence,
              convert_from(payload, 'UTF8')
       FROM outbox_events WHERE event_type IN (${types.map((type) => `'${type}'`).join(', ')})
       ORDER BY position`,
    );
    return rows.map(
      ([eventId = '', eventType = '', aggregateId = '', version, sequence, text]) => ({
        eventId,
        eventType,
        aggregateId,
        version: version ?? '',
        sequence: sequence ?? '',
        // Each of these events was published above, or is a notification.
        payload: JSON.parse(text ?? '{}') as LoggedPayload['payload'],
      }),
    );
  }
});
