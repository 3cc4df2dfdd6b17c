import { directConversationId, newEventId } from '@nova/events';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import {
  type Notification,
  NotificationService,
} from '@nova/proto/gen/notification/notification_service_pb';
import type { JsonObject } from '@nova/proto/runtime';
import { type Client, createClient } from '@nova/rpc';
import { patientClient } from '@nova/rpc/testing';
import {
  type TestProcess,
  type TestService,
  type TestStack,
  testStack,
  waitFor,
} from '@nova/testkit';

const DEADLINE_MS = 10_000;

/** notification-service as a process, with log, relay, PostgreSQL and Kafka, for specs. */
export interface Rig {
  readonly stack: TestStack;
  readonly service: TestService;
  readonly events: Client<typeof EventsService>;
  /** The process that serves at present. */
  process(): TestProcess;
  /** Starts it anew; whoever ended the one before says how. */
  restart(environment?: Readonly<Record<string, string>>): Promise<void>;
  /** A client of one user. */
  as(userId: string): Client<typeof NotificationService>;
  publish(
    eventType: string,
    aggregateId: string,
    payload: JsonObject,
    more?: Occasion,
  ): Promise<Published>;
  /** A direct conversation between two new users, and what they say there. */
  pair(): Promise<Pair>;
  /** Resolves when everything published is applied and every effect carried out. */
  settled(): Promise<void>;
  notices(userId: string): Promise<readonly Notification[]>;
  remove(): Promise<void>;
}

/** What else an event may say. */
export interface Occasion {
  readonly eventId?: string;
  readonly occurredAt?: Date;
}

/** A stored event. */
export interface Published {
  readonly eventId: string;
  readonly token: string;
}

/** Two users who can talk. */
export interface Pair {
  readonly ann: string;
  readonly bob: string;
  readonly room: string;
  /** Ann says something to Bob, as by hand: without saying that it is for him. */
  say(content: string, more?: JsonObject, occasion?: Occasion): Promise<Published>;
}

/** Starts everything. */
export async function startRig(): Promise<Rig> {
  const stack = await testStack();
  const service = await stack.service('notification');
  let serving = await service.start().catch(async (thrown: unknown) => {
    await stack.remove();
    throw thrown;
  });
  const events = createClient(EventsService, {
    address: stack.log.address,
    deadlineMs: DEADLINE_MS,
  });
  const clients: { close(): void }[] = [events];
  const publish: Rig['publish'] = async (eventType, aggregateId, payload, occasion = {}) => {
    const { eventId = '', occurredAt } = occasion;
    const answer = await events.publishEvent({
      eventType,
      aggregateId,
      payload,
      eventId,
      ...(occurredAt && {
        occurredAt: { seconds: BigInt(Math.floor(occurredAt.getTime() / 1000)), nanos: 0 },
      }),
    });
    return { eventId: answer.event?.eventId ?? '', token: answer.consistencyToken };
  };
  const as: Rig['as'] = (userId) => {
    const metadata = { 'x-user-id': userId };
    const options = { address: serving.address, deadlineMs: DEADLINE_MS, metadata };
    const client = createClient(NotificationService, options);
    clients.push(client);
    return patientClient(client);
  };
  return {
    stack,
    service,
    events,
    as,
    publish,
    process: () => serving,
    async restart(environment) {
      serving = await service.start(environment);
    },
    async pair() {
      const [ann, bob] = [newEventId(), newEventId()];
      const room = directConversationId(ann, bob);
      await publish('user_created', ann, { username: 'ann', display_name: 'Ann' });
      const sides = { kind: 'direct', creator_id: ann, member_ids: [ann, bob] };
      await publish('conversation_created', room, sides);
      const say: Pair['say'] = (content, more = {}, occasion = {}) => {
        const payload = { message_id: newEventId(), sender_id: ann, content, ...more };
        return publish('message_created', room, payload, occasion);
      };
      return { ann, bob, room, say };
    },
    settled: () => settled(stack, service),
    async notices(userId) {
      return (await as(userId).getNotifications({})).notifications;
    },
    async remove() {
      for (const client of clients) client.close();
      await stack.remove();
    },
  };
}

/** Everything in the log is applied and every effect carried out, which has added nothing since. */
async function settled(stack: TestStack, { database }: TestService): Promise<void> {
  await waitFor(
    async () => {
      const [types] = await database.database.query<{ consumed: string[] }>(
        `SELECT array(SELECT jsonb_object_keys(event_types)) AS consumed FROM consumer_generations
         WHERE state = 'serving'`,
      );
      const [logged, applied] = [
        await stack.database.database.query<{ mark: string }>(
          `SELECT aggregate_type || '/' || aggregate_id || ' ' || max(aggregate_version) AS mark
           FROM outbox_events WHERE event_type = ANY ($1)
           GROUP BY aggregate_type, aggregate_id ORDER BY 1`,
          [types?.consumed],
        ),
        await database.database.query<{ mark: string }>(
          `SELECT aggregate_type || '/' || aggregate_id || ' ' || applied_version AS mark
           FROM consumer_progress JOIN consumer_generations USING (consumer, generation)
           WHERE state = 'serving' ORDER BY 1`,
        ),
      ];
      const pending = await database.database.query('SELECT 1 FROM consumer_effects LIMIT 1');
      const marks = new Set(applied.map(({ mark }) => mark));
      return pending.length === 0 && logged.every(({ mark }) => marks.has(mark));
    },
    { withinMs: 20_000, what: 'everything applied' },
  );
}
