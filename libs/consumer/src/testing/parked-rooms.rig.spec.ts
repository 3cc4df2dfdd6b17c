import { type StoredEvent, topicOf } from '@nova/events';
import { outboxMigrations } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import {
  type ActStanding,
  type Consumer,
  type ConsumerSettings,
  consumerMigrations,
  createConsumer,
  type DeadLetter,
  type NewAct,
} from '../index.ts';
import { MemorySource, MemoryTopics } from '../testing.ts';
import { Notices, notice } from './notices.rig.spec.ts';
import { appendAll, newEvent, type OutboxLog, outboxLog } from './outbox-log.rig.spec.ts';
import { members, POISON, type Room, rooms } from './rooms.ts';

/** A consumer of rooms over topics in memory, with what specs of the parking lot do. */
export class ParkedRooms {
  readonly store: TestDatabase;
  readonly topics = new MemoryTopics();
  readonly notices = new Notices();
  readonly letters: DeadLetter[] = [];
  readonly log: OutboxLog;
  readonly #running: Consumer[] = [];

  static async open(): Promise<ParkedRooms> {
    return new ParkedRooms(
      await testDatabase({
        migrations: [
          { owner: 'outbox', dir: outboxMigrations },
          { owner: 'consumer', dir: consumerMigrations },
        ],
      }),
    );
  }

  constructor(store: TestDatabase) {
    this.store = store;
    this.log = outboxLog(store.database);
  }

  get database(): Database {
    return this.store.database;
  }

  async start(
    settings: Partial<ConsumerSettings> = {},
    more: { readonly withEffects?: boolean } = {},
  ): Promise<Consumer> {
    const consumer = createConsumer({
      definition: {
        service: 'spec',
        name: 'views',
        views: [rooms, members],
        effects: more.withEffects === true ? [notice] : [],
      },
      database: this.database,
      source: new MemorySource(this.topics),
      log: this.log,
      appender: this.notices,
      deadLetters: {
        send: async (letter) => {
          this.letters.push(letter);
        },
      },
      logger: silentLogger,
      settings: { version: '1.2.3', ...settings },
    });
    this.#running.push(consumer);
    await consumer.start();
    await waitFor(() => consumer.status().phase === 'running', { withinMs: 8000, what: 'a start' });
    return consumer;
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((consumer) => consumer.stop()));
    await this.store.drop();
  }

  /** Appends and publishes messages of a room. */
  async say(room: string, ...texts: string[]): Promise<StoredEvent[]> {
    const events = await appendAll(
      this.database,
      texts.map((content) =>
        newEvent('message_created', room, {
          message_id: room,
          sender_id: room,
          recipient_id: room,
          content,
        }),
      ),
    );
    for (const event of events) this.topics.publish(event);
    return events;
  }

  /** Rooms whose first message fails, parked, with so many messages behind it. */
  async park(consumer: Consumer, count: number, behind: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => crypto.randomUUID());
    const texts = Array.from({ length: behind }, (_, index) => `behind ${index}`);
    for (const id of ids) await this.say(id, POISON, ...texts);
    await waitFor(
      async () => {
        const parked = await consumer.parking.list({
          selection: { includeRetrying: true },
          limit: 500,
        });
        return ids.every((id) =>
          parked.some(
            ({ aggregateId, waitingEvents }) => aggregateId === id && waitingEvents === behind + 1,
          ),
        );
      },
      { withinMs: 8000, what: 'failures' },
    );
    await this.giveUp(ids);
    return ids;
  }

  /** As after the last retry: but only between two retries, not while one is under way. */
  async giveUp(ids: readonly string[]): Promise<void> {
    await waitFor(
      async () => {
        // A pause ends at most 10 s after the failure, a claim later.
        await this.database.query(
          `UPDATE parked_aggregates SET state = 'parked', attempts = 4, next_attempt_at = NULL
           WHERE aggregate_id = ANY ($1::text[]) AND state = 'retrying'
             AND next_attempt_at > clock_timestamp()
             AND next_attempt_at < failed_at + interval '12 s'`,
          [ids],
        );
        const parked = await this.database.query(
          `SELECT 1 FROM parked_aggregates
           WHERE aggregate_id = ANY ($1::text[]) AND state = 'parked'`,
          [ids],
        );
        return parked.length === ids.length;
      },
      { withinMs: 30_000, what: 'the end of the retries', everyMs: 10 },
    );
  }

  /** Begins an act and waits for its end. */
  async act(consumer: Consumer, act: Partial<NewAct>): Promise<ActStanding> {
    const { actId } = await this.begin(consumer, act);
    await waitFor(async () => (await consumer.parking.act(actId)).standing.state !== 'running', {
      withinMs: 10_000,
      what: 'the end of an act',
    });
    return (await consumer.parking.act(actId)).standing;
  }

  begin(consumer: Consumer, act: Partial<NewAct>): Promise<ActStanding> {
    // A whole act, whichever parts of it a spec gives.
    return consumer.parking.begin({
      actId: crypto.randomUUID(),
      kind: 'replay',
      subject: 'aggregates',
      selection: { includeRetrying: false },
      who: 'ann',
      reason: 'it is mended',
      perSecond: 0,
      ...act,
    } as NewAct);
  }

  async room(consumer: Consumer, id: string): Promise<Room | undefined> {
    const [row] = await consumer.read((views) =>
      views.query<Room>('SELECT * FROM room_view WHERE conversation_id = $1', [id]),
    );
    return row;
  }

  async story(consumer: Consumer, id: string): Promise<readonly string[]> {
    return (await this.room(consumer, id))?.story ?? [];
  }

  topicOfMessages(): string {
    return topicOf('message_created');
  }
}

/** The story of a room of which these versions are applied. */
export const told = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `message_created ${from + index}`);
