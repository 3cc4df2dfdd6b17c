import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { participantId } from '@nova/events';
import { HistoryDirection } from '@nova/proto/gen/messaging/messaging_service_pb';
import { rowsByView } from './fold-of-log.rig.spec.ts';
import { type HandMade, type Rig, reasonOf, startRig, type User } from './messaging.rig.spec.ts';
import { expectedOf, type History, randomHistory } from './random-history.rig.spec.ts';

const { NEWER, OLDER, AROUND } = HistoryDirection;
const PAGE = 7;
const HIDDEN = 'MESSAGING_CONVERSATION_NOT_FOUND';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
}, 120_000);
afterAll(() => rig.stop(), 60_000);

/** All messages of a conversation, read page by page. */
async function readAll(user: User, conversationId: string, direction: HistoryDirection) {
  const ids: string[] = [];
  for (let pageToken = ''; ; ) {
    const request = { conversationId, direction, pageSize: PAGE, pageToken };
    const { messages, nextPageToken } = await user.rpc.getMessageHistory(request);
    const page = messages.map(({ messageId }) => messageId);
    if (direction === NEWER) ids.push(...page);
    else ids.unshift(...page);
    pageToken = nextPageToken;
    if (pageToken === '') return ids;
  }
}

describe('random histories', () => {
  const histories = Array.from({ length: 6 }, (_, seed) => randomHistory(seed + 1, 160));
  const seen = (user: User, { conversationId }: History) =>
    user.rpc.getConversation({ conversationId });

  beforeAll(async () => {
    for (const { events } of histories) {
      const minConsistencyToken = await rig.publish(events);
      await rig.user().rpc.getUnreadCount({ minConsistencyToken });
    }
  }, 60_000);

  it('give counts and the last message as told by looking at everything', async () => {
    let told = 0;
    for (const history of histories) {
      for (const userId of history.userIds) {
        const user = rig.user(userId);
        const expected = expectedOf(history, userId);
        if (!expected.isKnown) {
          expect(await reasonOf(seen(user, history))).toBe(HIDDEN);
          continue;
        }
        const { conversation } = await seen(user, history);
        const { conversationId } = history;
        const counts = await user.rpc.getUnreadCount({ conversationId });
        expect({
          unread: [conversation?.unreadCount, counts.unreadCount],
          mentioned: [conversation?.mentionCount, counts.mentionCount],
          last: conversation?.lastMessage?.messageId,
        }).toEqual({
          unread: [expected.unread, expected.unread],
          mentioned: [expected.mentioned, expected.mentioned],
          last: expected.last,
        });
        told += expected.unread + expected.mentioned;
      }
    }
    expect(told).toBeGreaterThan(500);
  }, 60_000);

  it('are read to their ends both ways, and around a message', async () => {
    const readers = histories.flatMap((history) =>
      history.userIds.map((id) => ({ history, id, expected: expectedOf(history, id).history })),
    );
    const long = readers.filter(({ expected }) => expected.length > 12);
    expect(long.length).toBeGreaterThan(10);
    for (const { history, id, expected } of long.slice(0, 3)) {
      const user = rig.user(id);
      const { conversationId } = history;
      expect(await readAll(user, conversationId, OLDER)).toEqual(expected);
      expect(await readAll(user, conversationId, NEWER)).toEqual(expected);
      const middle = Math.floor(expected.length / 2);
      const around = await user.rpc.getMessageHistory({
        conversationId,
        direction: AROUND,
        start: { case: 'messageId', value: expected[middle] ?? '' },
        pageSize: 5,
      });
      const turn = (pageToken: string) =>
        user.rpc.getMessageHistory({ conversationId, pageToken, pageSize: 2 });
      const older = await turn(around.nextPageToken);
      const newer = await turn(around.previousPageToken);
      const back = await turn(older.previousPageToken);
      const pages = [around, older, newer, back].map(({ messages }) =>
        messages.map(({ messageId }) => messageId),
      );
      expect(pages).toEqual([
        expected.slice(middle - 2, middle + 3),
        expected.slice(middle - 4, middle - 2),
        expected.slice(middle + 3, middle + 5),
        expected.slice(middle - 2, middle),
      ]);
    }
  }, 60_000);
});

describe('counts', () => {
  it('are exact to 999, in one conversation and in all of a user', async () => {
    const [ann, bob] = [rig.user(), rig.user()];
    const [one, two] = [randomUUID(), randomUUID()];
    const created = (id: string): HandMade => [
      'conversation_created',
      id,
      { kind: 'group', creator_id: ann.id, member_ids: [bob.id] },
    ];
    const message = (id: string): HandMade => [
      'message_created',
      id,
      { message_id: randomUUID(), sender_id: bob.id, content: 'x', mentioned_user_ids: [ann.id] },
    ];
    const send = (id: string, count: number) =>
      rig.publish(Array.from({ length: count }, () => message(id)));
    await rig.publish([created(one), created(two)]);
    await send(one, 499);
    // A token tells of the conversation that it comes from, and of no other.
    let minConsistencyToken = await send(one, 498);
    const count = (conversationId: string) =>
      ann.rpc.getUnreadCount({ conversationId, minConsistencyToken });
    expect(await count(one)).toMatchObject({ unreadCount: 997, isMoreUnread: false });
    minConsistencyToken = await send(two, 2);
    const exact = {
      unreadCount: 999,
      isMoreUnread: false,
      mentionCount: 999,
      isMoreMentioned: false,
    };
    expect(await count('')).toMatchObject(exact);
    minConsistencyToken = await send(one, 3);
    const more = { unreadCount: 999, isMoreUnread: true, mentionCount: 999, isMoreMentioned: true };
    expect(await count('')).toMatchObject(more);
    expect(await count(one)).toMatchObject(more);
    const { conversation } = await ann.rpc.getConversation({ conversationId: one });
    expect(conversation).toMatchObject(more);
  }, 60_000);
});

describe('events published by hand', () => {
  const message = (conversationId: string, sender: User, more: object = {}): HandMade => [
    'message_created',
    conversationId,
    { message_id: randomUUID(), sender_id: sender.id, content: 'by hand', ...more },
  ];

  it('make a conversation that nobody created: who wrote or got a message reads and answers', async () => {
    const [ann, bob, eve] = [rig.user(), rig.user(), rig.user()];
    const conversationId = randomUUID();
    const minConsistencyToken = await rig.publish([
      message(conversationId, ann, { recipient_id: bob.id }),
      message(conversationId, ann, { mentioned_user_ids: [eve.id] }),
    ]);
    const { conversations } = await bob.rpc.listUserConversations({ minConsistencyToken });
    expect(conversations).toMatchObject([
      { conversationId, kind: '', unreadCount: 2, lastSequenceNumber: 2n },
    ]);
    expect(await reasonOf(eve.rpc.getConversation({ conversationId }))).toBe(HIDDEN);
    const answer = await bob.rpc.sendMessage({ conversationId, content: 'answered' });
    expect(answer.sequenceNumber).toBe(3n);
    const { messages } = await ann.rpc.getMessageHistory({
      conversationId,
      minConsistencyToken: answer.consistencyToken,
    });
    expect(messages.map(({ content }) => content)).toEqual(['by hand', 'by hand', 'answered']);
  });

  it('of somebody who is no member show to members, and open nothing to the sender', async () => {
    const [ann, bob, eve] = [rig.user(), rig.user(), rig.user()];
    const { conversationId } = await ann.rpc.createConversation({
      kind: 'direct',
      memberIds: [bob.id],
    });
    const minConsistencyToken = await rig.publish([message(conversationId, eve)]);
    const { conversation } = await bob.rpc.getConversation({ conversationId, minConsistencyToken });
    expect(conversation).toMatchObject({ unreadCount: 1, lastMessage: { senderId: eve.id } });
    expect(await reasonOf(eve.rpc.getMessageHistory({ conversationId }))).toBe(HIDDEN);
  });

  it('name users, edit, react to and delete messages', async () => {
    const [ann, bob] = [rig.user(), rig.user()];
    const { conversationId } = await ann.rpc.createConversation({
      kind: 'direct',
      memberIds: [bob.id],
    });
    const sent = [
      await ann.rpc.sendMessage({ conversationId, content: 'first' }),
      await ann.rpc.sendMessage({ conversationId, content: 'second' }),
    ];
    const [first = '', second = ''] = sent.map(({ messageId }) => messageId);
    const reaction = (type: string, user: User, emoji: string): HandMade => [
      type,
      conversationId,
      { message_id: first, user_id: user.id, emoji },
    ];
    const minConsistencyToken = await rig.publish([
      ['user_created', ann.id, { username: 'ann', display_name: 'Ann' }],
      ['user_created', bob.id, { username: 'bob' }],
      [
        'message_edited',
        conversationId,
        { message_id: first, editor_id: ann.id, content: 'First' },
      ],
      [
        'message_edited',
        conversationId,
        { message_id: randomUUID(), editor_id: ann.id, content: '?' },
      ],
      reaction('message_reaction_added', ann, '👍'),
      reaction('message_reaction_added', ann, '👍'),
      reaction('message_reaction_added', bob, '👍'),
      reaction('message_reaction_added', bob, '🎉'),
      reaction('message_reaction_removed', bob, '🎉'),
      reaction('message_reaction_removed', bob, '🎉'),
      ['message_deleted', conversationId, { message_id: second, deleter_id: ann.id }],
    ]);
    const { messages } = await bob.rpc.getMessageHistory({ conversationId, minConsistencyToken });
    expect(messages).toMatchObject([
      {
        content: 'First',
        senderName: 'Ann',
        editedAt: expect.anything(),
        reactions: [{ emoji: '👍', count: 2, isOwn: true }],
      },
      { content: '', isDeleted: true, sequenceNumber: 2n },
    ]);
    const { conversation } = await ann.rpc.getConversation({ conversationId });
    expect(conversation).toMatchObject({
      peer: { userId: bob.id, username: 'bob' },
      lastMessage: { messageId: first },
      lastSequenceNumber: 2n,
    });
  });

  it('apply whatever their schema allows, however strange', async () => {
    const ann = rig.user();
    const id = randomUUID();
    const most = String(2n ** 63n - 1n);
    const own = { conversation_id: id, user_id: ann.id };
    const crowd = Array.from({ length: 3000 }, () => randomUUID());
    const created = { kind: 'group', creator_id: ann.id, member_ids: [ann.id, ann.id] };
    const minConsistencyToken = await rig.publish([
      ['conversation_updated', id, { editor_id: ann.id, info_ver: most, name: 'then' }],
      ['conversation_updated', id, { editor_id: ann.id, info_ver: `-${most}`, name: 'before' }],
      ['conversation_created', id, { ...created, created_at: '0001-01-01T00:00:00Z' }],
      ['conversation_created', id, { ...created, kind: 'group', creator_id: randomUUID() }],
      ['user_created', ann.id, { username: '', info_ver: most }],
      message(id, ann, {
        content: '',
        mentioned_user_ids: crowd,
        created_at: '9999-12-31T23:59:59.999999999Z',
      }),
      [
        'message_reaction_added',
        id,
        { message_id: randomUUID(), user_id: ann.id, emoji: '🎉'.repeat(5000) },
      ],
      ['message_read', participantId(id, ann.id), { ...own, last_read_sequence: most }],
      ['conversation_cleared', participantId(id, ann.id), { ...own, up_to_sequence: '0' }],
      message(id, ann, { recipient_id: ann.id, mentioned_user_ids: [ann.id, ann.id] }),
    ]);
    const { conversation } = await ann.rpc.getConversation({
      conversationId: id,
      minConsistencyToken,
    });
    expect(conversation).toMatchObject({ name: 'then', role: 'owner', lastSequenceNumber: 2n });
    for (const direction of [OLDER, NEWER, AROUND]) {
      const start = { case: 'sequenceNumber', value: 2n ** 63n - 1n } as const;
      const { messages } = await ann.rpc.getMessageHistory({
        conversationId: id,
        direction,
        start,
      });
      expect(messages).toHaveLength(direction === NEWER ? 0 : 2);
    }
    const health = await (await fetch(`${rig.opsUrl}/health/cqrs`)).json();
    expect(health).toMatchObject({ consumers: [{ parkedAggregates: 0, retryingAggregates: 0 }] });
  });
});

describe('the rows of all views', () => {
  it('are those that a fold of the log gives', async () => {
    const { stored, folded } = await rowsByView(rig);
    expect(stored).toEqual(folded);
    expect(Object.values(stored).filter(({ length }) => length > 0).length).toBeGreaterThan(7);
  });
});
