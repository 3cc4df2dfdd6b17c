import { expect } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, createClient } from '@nova/rpc';
import { type TestProcess, type TestStack, testKafka, testStack, waitFor } from '@nova/testkit';
import { Subscriber } from './subscriber.ts';
import { inversions, psql, topicRecords } from './witness.ts';

const WITHIN_MS = 60_000;
const VIEW = 'SELECT conversation_id, message_id, sequence, version FROM views_g1.message_view';
const LOG = `SELECT aggregate_id, convert_from(payload, 'UTF8')::json ->> 'message_id',
                    type_sequence, aggregate_version
             FROM outbox_events WHERE event_type = 'message_created'`;

/** A log that a view and a subscription follow. */
export interface FollowedLog {
  readonly stack: TestStack;
  /** messaging-service. */
  readonly messaging: TestProcess;
  /** Publishes one message to each conversation, as often as it takes; answers with their ids. */
  say(to: readonly string[]): Promise<string[]>;
  /** Waits until the view is the log, and the subscriber was told of all of it. */
  allShowIt(what: string): Promise<void>;
  /** Waits until first occurrences of the log's events are in Kafka, in order. */
  topicHasIt(): Promise<void>;
  /** Ids of its events. */
  ids(): Promise<string[]>;
  /** How many epochs it knows. */
  epochs(): Promise<number>;
  remove(): Promise<void>;
}

/** So many ids of conversations. */
export const conversations = (count: number) =>
  Array.from({ length: count }, () => crypto.randomUUID());

/** Starts everything, with the log on a PostgreSQL of its own. */
export async function followedLog(on: { readonly url: string }): Promise<FollowedLog> {
  const stack = await testStack({}, on);
  const service = await stack.service('messaging');
  const messaging = await service.start();
  const events = createClient(EventsService, { address: stack.log.address, deadlineMs: 5000 });
  const name = `spec-${crypto.randomUUID()}`;
  await events.createSubscription({ name, from: { case: 'beginning', value: true } });
  const subscriber = new Subscriber(events, name);
  const ids = async () =>
    (await psql(stack.database.url, 'SELECT event_id FROM outbox_events')).flat();
  return {
    stack,
    messaging,
    ids,
    say: (to) => publishTo(events, to),
    async allShowIt(what) {
      const logged = await ids();
      const shown = async () => {
        expect(await lines(service.database.url, VIEW)).toEqual(
          await lines(stack.database.url, LOG),
        );
        expect(logged.filter((id) => !subscriber.told.has(id))).toEqual([]);
        return true;
      };
      await waitFor(shown, { withinMs: WITHIN_MS, what });
    },
    topicHasIt: () => topicHas(ids),
    async epochs() {
      const rows = await psql(stack.database.url, 'SELECT count(*) FROM outbox_epochs');
      return Number(rows.flat()[0]);
    },
    async remove() {
      await subscriber.stop();
      events.close();
      await stack.remove();
    },
  };
}

/** How a log comes to lose its end. */
export interface LossOfEnd<Kept> {
  /** What the log has now it will have afterwards, and nothing that comes later. */
  readonly keep: () => Promise<Kept>;
  /** Takes the end away; services are told nothing. */
  readonly lose: (kept: Kept) => Promise<void>;
}

/**
 * Has a log lose its end while everything runs: relay, views and subscriptions go on from what is
 * left, and from what is said instead at the positions of what was lost, and beyond.
 */
export async function goesOnWithoutItsEnd<Kept>(
  log: FollowedLog,
  { keep, lose }: LossOfEnd<Kept>,
): Promise<void> {
  const old = conversations(20);
  await log.say(old);
  await log.say(old);
  await log.allShowIt('what will be kept');
  const kept = await keep();
  const lost = await log.say([...old.slice(0, 10), ...conversations(10)]);
  await log.allShowIt('what will be lost');
  const epochs = await log.epochs();
  await lose(kept);
  await log.say([...conversations(15), ...old.slice(5, 20)]);
  await log.allShowIt('the fold of what is left');
  await log.topicHasIt();
  const logged = await log.ids();
  expect(logged).toHaveLength(70);
  expect(logged.filter((id) => lost.includes(id))).toEqual([]);
  expect(await log.epochs()).toBeGreaterThan(epochs);
  expect(log.stack.relay.output()).toContain('log has lost its end');
  expect(log.messaging.output()).toContain('log has lost what views show');
  await log.say(old);
  await log.allShowIt('what came after');
  await log.topicHasIt();
}

/** Publishes one message to each conversation, as often as it takes: the ids make that safe. */
export async function publishTo(
  events: Client<typeof EventsService>,
  to: readonly string[],
): Promise<string[]> {
  const given = to.map((aggregateId) => ({
    eventId: crypto.randomUUID(),
    eventType: 'message_created',
    aggregateId,
    payload: { message_id: crypto.randomUUID(), sender_id: aggregateId, content: 'hello' },
  }));
  const taken = () =>
    events.publishEvents({ events: given }).then(
      () => true,
      () => false,
    );
  await waitFor(taken, { withinMs: WITHIN_MS, what: 'the log to take events' });
  return given.map(({ eventId }) => eventId);
}

async function lines(url: string, query: string): Promise<string[]> {
  return (await psql(url, query)).map((row) => row.join(' ')).sort();
}

async function topicHas(ids: () => Promise<string[]>): Promise<void> {
  const { brokers } = await testKafka();
  const logged = await ids();
  const ours = new Set(logged);
  const there = async () => {
    const records = await topicRecords(brokers.join(','), 'nova_events_message_created');
    const found = new Set(records.map(({ eventId }) => eventId));
    expect(logged.filter((id) => !found.has(id))).toEqual([]);
    expect(inversions(records.filter(({ eventId }) => ours.has(eventId)))).toEqual([]);
    return true;
  };
  await waitFor(there, { withinMs: WITHIN_MS, what: 'the log in the topic' });
}
