import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { contactId, newEventId, participantId } from '@nova/events';
import { RpcError } from '@nova/rpc';
import { waitFor } from '@nova/testkit';
import { type Rig, startRig } from './notices.rig.spec.ts';

jest.setTimeout(90_000);

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.remove());

/** All events of a type in the log. */
async function logged(eventType: string): Promise<readonly string[]> {
  const rows = await rig.stack.database.database.query<{ event_id: string }>(
    'SELECT event_id::text FROM outbox_events WHERE event_type = $1 ORDER BY position',
    [eventType],
  );
  return rows.map(({ event_id }) => event_id);
}

/** Resolves with a user's notices when there are so many. */
function notices(userId: string, count: number) {
  return waitFor(
    async () => {
      const found = await rig.notices(userId);
      return found.length >= count && found;
    },
    { withinMs: 15_000, what: `${count} notices` },
  );
}

async function refusal(call: Promise<unknown>): Promise<unknown> {
  const thrown = await call.catch((error: unknown) => error);
  return thrown instanceof RpcError
    ? {
        status: thrown.status,
        reason: thrown.reason,
        fields: thrown.violations.map((one) => one.field),
      }
    : thrown;
}

describe('a direct message published by hand', () => {
  it('is told to the other side once, with the name of who said it', async () => {
    const { ann, bob, room, say } = await rig.pair();
    await rig.settled();
    const { eventId } = await say('hello   there\n');
    const [notice] = await notices(bob, 1);
    expect(notice).toMatchObject({
      userId: bob,
      kind: 'direct_message',
      title: 'Ann',
      body: 'hello there',
      priority: 'high',
      actorIds: [ann],
      sourceEventId: eventId,
      isRead: false,
    });
    expect(notice?.data).toMatchObject({ conversation_id: room });
    await rig.settled();
    expect(await rig.notices(bob)).toHaveLength(1);
    expect(await rig.notices(ann)).toEqual([]);
    const { event } = await rig.events.getEvent({ eventId: notice?.notificationId ?? '' });
    expect(event).toMatchObject({
      eventType: 'notification_created',
      aggregateId: notice?.notificationId,
      causationId: eventId,
      source: '/nova/notification-service',
    });
  });

  it('is not told where it is muted, unwanted, from somebody blocked, from or to a closed account', async () => {
    const [muted, unwanted, blocked, suspended, deleted, heard] = [
      await rig.pair(),
      await rig.pair(),
      await rig.pair(),
      await rig.pair(),
      await rig.pair(),
      await rig.pair(),
    ];
    await rig.publish('user_status_changed', suspended.bob, { status: 'suspended' });
    await rig.publish('user_deleted', deleted.ann, {});
    await rig.publish('conversation_settings_changed', participantId(muted.room, muted.bob), {
      conversation_id: muted.room,
      user_id: muted.bob,
      muted: true,
    });
    await rig.publish('notification_preferences_changed', unwanted.bob, {
      preferences: { direct_message: 'off' },
    });
    const pair = { user_id: blocked.bob, friend_id: blocked.ann };
    await rig.publish('user_blocked', contactId(blocked.bob, blocked.ann), pair);
    // Judged on what the views show by then.
    await rig.settled();
    const silenced = [muted, unwanted, blocked, suspended, deleted];
    for (const { say, bob } of [...silenced, heard]) {
      await say('psst', { mentioned_user_ids: [bob] });
    }
    await notices(heard.bob, 1);
    await rig.settled();
    for (const { bob } of silenced) expect(await rig.notices(bob)).toEqual([]);
    // It was the mute alone that kept him from hearing.
    await rig.publish('conversation_settings_changed', participantId(muted.room, muted.bob), {
      conversation_id: muted.room,
      user_id: muted.bob,
      muted: false,
    });
    await rig.settled();
    await muted.say('again');
    expect((await notices(muted.bob, 1)).map(({ body }) => body)).toEqual(['again']);
  });

  it('is not told where it was no news when it was stored', async () => {
    const { bob, say } = await rig.pair();
    await say('from a log of 2004', {}, { occurredAt: new Date('2004-12-25T12:00:00Z') });
    await say('today');
    expect((await notices(bob, 1)).map(({ body }) => body)).toEqual(['today']);
    await rig.settled();
    expect(await rig.notices(bob)).toHaveLength(1);
  });
});

describe('a message to a group', () => {
  it('is told to the members whom it mentions', async () => {
    const { ann, bob } = await rig.pair();
    const [room, outsider, member] = [newEventId(), newEventId(), newEventId()];
    const group = { kind: 'group', creator_id: ann, member_ids: [bob], name: 'Garden' };
    await rig.publish('conversation_created', room, group);
    await rig.publish('member_added', room, { user_id: member, added_by: ann });
    await rig.settled();
    await rig.publish('message_created', room, {
      message_id: newEventId(),
      sender_id: ann,
      content: 'who waters the roses?',
      mentioned_user_ids: [bob, outsider, ann, member],
    });
    const told = await notices(member, 2);
    expect(told.map(({ kind, title }) => [kind, title])).toEqual([
      ['mention', 'Ann mentioned you in Garden'],
      ['member_added', 'Ann added you to Garden'],
    ]);
    expect(await notices(bob, 1)).toHaveLength(1);
    await rig.settled();
    for (const user of [ann, outsider]) expect(await rig.notices(user)).toEqual([]);
  });
});

describe('reading', () => {
  it('goes by pages, newest first, and by filter', async () => {
    const { ann, bob, room } = await rig.pair();
    // In one commit, and so probably their notices: what has one time is in order all the same.
    await rig.events.publishEvents({
      events: ['one', 'two', 'three'].map((content) => ({
        eventType: 'message_created',
        aggregateId: room,
        payload: { message_id: newEventId(), sender_id: ann, content },
      })),
    });
    await rig.publish('follow_added', '', { follower_id: newEventId(), followee_id: bob });
    await notices(bob, 4);
    const client = rig.as(bob);
    const first = await client.getNotifications({ kinds: ['direct_message'], pageSize: 2 });
    expect(first.notifications.map(({ body }) => body)).toEqual(['three', 'two']);
    const pageToken = first.nextPageToken;
    const second = await client.getNotifications({
      kinds: ['direct_message'],
      pageSize: 2,
      pageToken,
    });
    expect(second.notifications.map(({ body }) => body)).toEqual(['one']);
    expect(second.nextPageToken).toBe('');
    expect(await refusal(client.getNotifications({ pageSize: 2, pageToken }))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      fields: ['page_token'],
    });
    expect(await refusal(client.getNotifications({ pageSize: -1 }))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      fields: ['page_size'],
    });
    expect(await client.getUnreadCount({ kinds: ['followed'] })).toMatchObject({ unreadCount: 1 });
    expect(await client.getUnreadCount({})).toMatchObject({ unreadCount: 4, isMore: false });
  });

  it('counts exactly to 999 and pages through all, also of what was published by hand', async () => {
    const user = newEventId();
    const client = rig.as(user);
    const publish = (count: number) =>
      rig.events.publishEvents({
        events: Array.from({ length: count }, (_, n) => ({
          eventType: 'notification_created',
          aggregateId: newEventId(),
          payload: { user_id: user, kind: 'by_hand', title: `number ${n}` },
        })),
      });
    await publish(500);
    const { consistencyToken } = await publish(499);
    await rig.settled();
    const count = (minConsistencyToken: string) => client.getUnreadCount({ minConsistencyToken });
    expect(await count(consistencyToken)).toMatchObject({ unreadCount: 999, isMore: false });
    const seen = new Set<string>();
    for (let pageToken = '', pages = 0; pages < 20; pages += 1) {
      const page = await client.getNotifications({ unreadOnly: true, pageSize: 1000, pageToken });
      expect(page.notifications.length).toBeLessThanOrEqual(100);
      for (const { notificationId } of page.notifications) seen.add(notificationId);
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    expect(seen.size).toBe(999);
    const more = await publish(1);
    expect(await count(more.consistencyToken)).toMatchObject({ unreadCount: 999, isMore: true });
  });

  it('is for the owner alone', async () => {
    const { ann, bob, say } = await rig.pair();
    await say('secret');
    const [notice] = await notices(bob, 1);
    const notificationId = notice?.notificationId ?? '';
    const denied = { status: 'PERMISSION_DENIED', reason: 'REQUEST_USER_DENIED' };
    const asAnn = rig.as(ann);
    expect(await refusal(asAnn.getNotifications({ userId: bob }))).toMatchObject(denied);
    expect(await refusal(asAnn.getUnreadCount({ userId: bob }))).toMatchObject(denied);
    expect(await refusal(asAnn.markAllNotificationsAsRead({ userId: bob }))).toMatchObject(denied);
    expect(
      await refusal(asAnn.markNotificationAsRead({ notificationId, userId: bob })),
    ).toMatchObject(denied);
    expect(await refusal(asAnn.markNotificationAsRead({ notificationId }))).toMatchObject({
      status: 'NOT_FOUND',
      reason: 'NOTIFICATION_NOT_FOUND',
    });
    expect(await refusal(asAnn.markNotificationAsRead({ notificationId: 'no id' }))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      fields: ['notification_id'],
    });
    expect(await rig.as(bob).getUnreadCount({})).toMatchObject({ unreadCount: 1 });
  });

  it.each(['no id', 'a\0b', '550E8400-E29B-41D4-A716-446655440000'])(
    'refuses user_id %j by name',
    async (userId) => {
      const client = rig.as(newEventId());
      const invalid = { status: 'INVALID_ARGUMENT', fields: ['user_id'] };
      expect(await refusal(client.getNotifications({ userId }))).toMatchObject(invalid);
      expect(await refusal(client.getUnreadCount({ userId }))).toMatchObject(invalid);
      expect(await refusal(client.markAllNotificationsAsRead({ userId }))).toMatchObject(invalid);
    },
  );
});

describe('marking', () => {
  it('one as read makes one event, and a retry none', async () => {
    const { bob, say } = await rig.pair();
    await say('hello');
    const [notice] = await notices(bob, 1);
    const client = rig.as(bob);
    const request = { notificationId: notice?.notificationId ?? '', requestId: newEventId() };
    const marked = await client.markNotificationAsRead(request);
    const minConsistencyToken = marked.consistencyToken;
    expect(await client.getUnreadCount({ minConsistencyToken })).toMatchObject({ unreadCount: 0 });
    const { notifications } = await client.getNotifications({ minConsistencyToken });
    expect(notifications[0]).toMatchObject({ isRead: true });
    expect(notifications[0]?.readAt).toBeDefined();
    expect(await client.markNotificationAsRead(request)).toMatchObject({ replayed: true });
    const again = { ...request, requestId: newEventId() };
    expect(await client.markNotificationAsRead(again)).toMatchObject({ replayed: false });
    const stored = await rig.events.getEventsByAggregate({
      aggregateType: 'notification',
      aggregateId: request.notificationId,
    });
    expect(stored.events.map(({ eventType }) => eventType)).toEqual([
      'notification_created',
      'notification_read',
    ]);
    const other = { ...request, notificationId: newEventId() };
    expect(await refusal(client.markNotificationAsRead(other))).toMatchObject({
      status: 'ALREADY_EXISTS',
    });
  });

  it('all as read is one cutoff; what arrives later is unread, however old it says it is', async () => {
    const { bob, say } = await rig.pair();
    for (const text of ['one', 'two', 'three']) await say(text);
    const [newest] = await notices(bob, 3);
    const client = rig.as(bob);
    const before = (await logged('notifications_read_all')).length;
    const requestId = newEventId();
    const marked = await client.markAllNotificationsAsRead({ requestId });
    expect(marked.upTo).toEqual(newest?.createdAt);
    const minConsistencyToken = marked.consistencyToken;
    expect(await client.getUnreadCount({ minConsistencyToken })).toMatchObject({ unreadCount: 0 });
    expect(await client.markAllNotificationsAsRead({ requestId })).toMatchObject({
      replayed: true,
      upTo: marked.upTo,
    });
    // Nothing is unread: nothing is stored.
    expect((await client.markAllNotificationsAsRead({})).upTo).toBeUndefined();
    expect(await logged('notifications_read_all')).toHaveLength(before + 1);
    await say('from yesterday', {}, { occurredAt: new Date(Date.now() - 86_400_000) });
    const [late] = await notices(bob, 4);
    expect(late).toMatchObject({ body: 'from yesterday', isRead: false });
    expect(late?.occurredAt?.seconds).toBeLessThan(newest?.occurredAt?.seconds ?? 0n);
    const { notifications } = await client.getNotifications({ unreadOnly: true });
    expect(notifications.map(({ body }) => body)).toEqual(['from yesterday']);
    // A cutoff in the future is one of now.
    await client.markAllNotificationsAsRead({ upTo: { seconds: 4_102_444_800n, nanos: 0 } });
    await rig.settled();
    await say('tomorrow');
    await notices(bob, 5);
    expect(await client.getUnreadCount({})).toMatchObject({ unreadCount: 1 });
  });
});

describe('a process that ends', () => {
  it('between append and removal of an effect leads to one notice, also when names changed since', async () => {
    const { ann, bob, say } = await rig.pair();
    await rig.settled();
    const { database } = rig.service.database;
    // What is appended cannot be removed, until the process is gone.
    await database.query(
      `CREATE FUNCTION hold_back() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE 'held back'; END $$`,
    );
    await database.query(
      'CREATE TRIGGER hold_back BEFORE DELETE ON consumer_effects FOR EACH ROW EXECUTE FUNCTION hold_back()',
    );
    const before = (await logged('notification_created')).length;
    await say('hello');
    await waitFor(async () => (await logged('notification_created')).length > before, {
      withinMs: 10_000,
      what: 'the appended notice',
    });
    await rig.process().kill();
    expect(await database.query('SELECT 1 FROM consumer_effects')).toHaveLength(1);
    await database.query('DROP FUNCTION hold_back CASCADE');
    // The notice will be judged again, and its title would be another one.
    const rename = (name: string) =>
      database.query('UPDATE views_g1.user_view SET display_name = $2 WHERE user_id = $1', [
        ann,
        name,
      ]);
    await rename('Anna');
    await rig.restart();
    await say('second');
    const found = await notices(bob, 2);
    await rig.settled();
    expect(found.map(({ title, body }) => [title, body])).toEqual([
      ['Anna', 'second'],
      ['Ann', 'hello'],
    ]);
    expect(await logged('notification_created')).toHaveLength(before + 2);
    expect(await rig.notices(bob)).toHaveLength(2);
    await rename('Ann');
  });

  it('and builds its views anew tells nobody again, and the views are the same', async () => {
    const { bob, say } = await rig.pair();
    await say('hello');
    await notices(bob, 1);
    await rig.settled();
    const before = await logged('notification_created');
    const rows = await dump();
    await rig.process().stop();
    await rig.service.database.database.query(
      "UPDATE consumer_generations SET definition_hash = 'another'",
    );
    await rig.restart();
    await rig.settled();
    const [serving] = await rig.service.database.database.query<{ generation: number }>(
      "SELECT generation FROM consumer_generations WHERE state = 'serving'",
    );
    expect(serving).toEqual({ generation: 2 });
    expect(await dump()).toEqual(rows);
    await say('after it');
    expect((await notices(bob, 2)).map(({ body }) => body)).toEqual(['after it', 'hello']);
    await rig.settled();
    expect(await logged('notification_created')).toEqual([...before, expect.any(String)]);
  });
});

/** Every row of the serving generation, in a form that can be compared. */
async function dump(): Promise<Record<string, readonly string[]>> {
  const { database } = rig.service.database;
  const [serving] = await database.query<{ schema: string }>(
    "SELECT consumer || '_g' || generation AS schema FROM consumer_generations WHERE state = 'serving'",
  );
  const schema = serving?.schema ?? '';
  const tables = await database.query<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1',
    [schema],
  );
  const dumped: Record<string, readonly string[]> = {};
  for (const { name } of tables) {
    const rows = await database.query<{ row: string }>(
      `SELECT to_jsonb(t)::text AS row FROM "${schema}"."${name}" AS t ORDER BY 1`,
    );
    dumped[name] = rows.map(({ row }) => row);
  }
  return dumped;
}
