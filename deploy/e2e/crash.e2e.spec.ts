import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { createClient } from '@nova/rpc';
import { waitFor } from '@nova/testkit';
import { sleep } from '@nova/time';
import { prepareStack } from './stack.ts';
import { inversions, loggedEvents, psql, topicRecords } from './witness.ts';

const EVENTS = 10_000;
const CLIENTS = 4;
const AGGREGATES = 100;
const TOPICS = ['nova_events_message_created', 'nova_events_message_edited'];

/** Parts that are killed, and how many events are acknowledged by then. */
const KILLS = [
  { part: 'events-service', at: 1_000 },
  { part: 'relay', at: 3_000 },
  { part: 'kafka', at: 5_000 },
  { part: 'postgres', at: 7_000 },
];

interface Command {
  readonly requestId: string;
  readonly aggregateId: string;
  readonly eventType: string;
  readonly payload: Record<string, string>;
}

function commandNumber(n: number, aggregates: readonly string[]): Command {
  const aggregateId = aggregates[n % aggregates.length] ?? '';
  const common = { message_id: randomUUID(), content: `message ${n}` };
  const author = '0b9c2f64-5a57-4a53-9d7e-6f4a8e0d2c11';
  return n % 3 === 2
    ? {
        requestId: randomUUID(),
        aggregateId,
        eventType: 'message_edited',
        payload: { ...common, editor_id: author },
      }
    : {
        requestId: randomUUID(),
        aggregateId,
        eventType: 'message_created',
        payload: { ...common, sender_id: author },
      };
}

describe('kill -9 of every part while 10,000 events are published', () => {
  const stack = prepareStack(8000);
  const acknowledged: string[] = [];
  let errorsSeen = 0;
  let database = '';
  const brokers = `localhost:${stack.port(9092)}`;

  async function publish(command: Command, client: ReturnType<typeof connect>): Promise<void> {
    for (;;) {
      try {
        const { event } = await client.publishEvent(command);
        acknowledged.push(event?.eventId ?? '');
        return;
      } catch {
        errorsSeen += 1;
        await sleep(50);
      }
    }
  }

  function connect() {
    return createClient(EventsService, {
      address: `localhost:${stack.port(50051)}`,
      deadlineMs: 3000,
    });
  }

  async function killAll(): Promise<void> {
    for (const { part, at } of KILLS) {
      await waitFor(() => Promise.resolve(acknowledged.length >= at), {
        withinMs: 90_000,
        what: `${at} acknowledged`,
      });
      const pid = (await stack.pids()).get(part);
      if (pid === undefined) throw new Error(`no pid of ${part}`);
      process.kill(pid, 'SIGKILL');
    }
  }

  beforeAll(async () => {
    const up = await stack.nova('up', '--detach');
    expect({ ...up, stdout: '' }).toMatchObject({ code: 0 });
    database = await stack.databaseUrl('nova_events');
  }, 180_000);

  afterAll(() => stack.remove(), 60_000);

  it('keeps every acknowledged event, once, in order, in the log and in its topic', async () => {
    const aggregates = Array.from({ length: AGGREGATES }, () => randomUUID());
    const commands = Array.from({ length: EVENTS }, (_, n) => commandNumber(n, aggregates));
    const killing = killAll();
    await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        const client = connect();
        for (let next = commands.pop(); next !== undefined; next = commands.pop())
          await publish(next, client);
        client.close();
      }),
    );
    await killing;
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

    const logged = await loggedEvents(database);
    expect(logged.map(({ eventId }) => eventId).sort()).toEqual([...acknowledged].sort());

    const records = (await Promise.all(TOPICS.map((topic) => topicRecords(brokers, topic)))).flat();
    const place = (topic: string, eventId: string) => `${topic} ${eventId}`;
    expect([...new Set(records.map((one) => place(one.topic, one.eventId)))].sort()).toEqual(
      logged.map((one) => place(one.topic, one.eventId)).sort(),
    );
    expect(inversions(records)).toEqual([]);
  }, 240_000);
});
