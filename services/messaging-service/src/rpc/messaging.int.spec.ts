import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contactId, directConversationId } from '@nova/events';
import { describeBehind } from './behind.rig.spec.ts';
import {
  failureOf,
  group,
  type Rig,
  reasonOf,
  startRig,
  text,
  type User,
} from './messaging.rig.spec.ts';
import { describeReading } from './reading.rig.spec.ts';
import { describeVerbatim } from './verbatim.rig.spec.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
}, 120_000);
afterAll(() => rig.stop(), 60_000);

describe('a direct conversation', () => {
  it('takes a message right after it was created, and both sides see it', async () => {
    const [ann, bob] = [rig.user(), rig.user()];
    const made = await ann.rpc.createConversation({ kind: 'direct', memberIds: [bob.id] });
    const { conversationId } = made;
    expect(made).toMatchObject({
      conversationId: directConversationId(ann.id, bob.id),
      created: true,
    });
    const sent = await ann.rpc.sendMessage({
      ...text(conversationId, 'hello'),
      mentionedUserIds: [bob.id, bob.id],
    });
    expect(sent.sequenceNumber).toBe(1n);
    const { event } = await rig.events.getEvent({ eventId: sent.eventId });
    expect(event?.payload).toMatchObject({
      recipient_id: bob.id,
      sender_id: ann.id,
      mentioned_user_ids: [bob.id],
    });
    const minConsistencyToken = sent.consistencyToken;
    const { conversation } = await bob.rpc.getConversation({ conversationId, minConsistencyToken });
    expect(conversation).toMatchObject({
      kind: 'direct',
      peer: { userId: ann.id },
      memberCount: 2,
      isMember: true,
      unreadCount: 1,
      mentionCount: 1,
      lastSequenceNumber: 1n,
      lastMessage: { content: 'hello', messageId: sent.messageId, sequenceNumber: 1n },
    });
    expect(conversation?.lastActivityAt).toEqual(sent.storedAt);
    const own = await ann.rpc.getUnreadCount({ conversationId });
    expect(own).toMatchObject({ unreadCount: 0, mentionCount: 0 });
    const { message } = await bob.rpc.getMessage({ conversationId, messageId: sent.messageId });
    expect(message).toEqual(conversation?.lastMessage);
  });

  it('exists once for a pair, whoever creates it and whatever was published before', async () => {
    const [ann, bob] = [rig.user(), rig.user()];
    const conversationId = directConversationId(ann.id, bob.id);
    await rig.publish([
      [
        'message_created',
        conversationId,
        { message_id: randomUUID(), sender_id: ann.id, content: 'hi', recipient_id: bob.id },
      ],
    ]);
    const first = await bob.rpc.createConversation({ kind: 'direct', memberIds: [ann.id, bob.id] });
    const second = await ann.rpc.createConversation({ kind: 'direct', memberIds: [bob.id] });
    expect([first, second]).toMatchObject([
      { conversationId, created: true },
      { conversationId, created: false },
    ]);
    const minConsistencyToken = second.consistencyToken || first.consistencyToken;
    const { messages } = await bob.rpc.getMessageHistory({ conversationId, minConsistencyToken });
    expect(messages.map(({ content }) => content)).toEqual(['hi']);
  });

  it('is created once by both sides at the same time, and numbers messages sent at once', async () => {
    const [ann, bob] = [rig.user(), rig.user()];
    const both = [ann, bob, ann, bob, ann];
    const made = await Promise.all(
      both.map((one) =>
        one.rpc.createConversation({ kind: 'direct', memberIds: [one === ann ? bob.id : ann.id] }),
      ),
    );
    expect(made.filter(({ created }) => created)).toHaveLength(1);
    const [{ conversationId } = { conversationId: '' }] = made;
    const sent = await Promise.all(
      both.map((one) => one.rpc.sendMessage(text(conversationId, 'at once'))),
    );
    const numbers = sent.map(({ sequenceNumber }) => Number(sequenceNumber));
    expect(numbers.sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps its two members, and takes nothing from somebody who is blocked', async () => {
    const [ann, bob, eve] = [rig.user(), rig.user(), rig.user()];
    const block = (type: string) =>
      rig.publish([[type, contactId(bob.id, ann.id), { user_id: bob.id, friend_id: ann.id }]]);
    await block('user_blocked');
    const { conversationId } = await ann.rpc.createConversation({
      kind: 'direct',
      memberIds: [bob.id],
    });
    const send = (from: User) => from.rpc.sendMessage(text(conversationId, 'hello'));
    expect(await reasonOf(send(ann))).toBe('MESSAGING_SENDER_BLOCKED');
    expect((await send(bob)).sequenceNumber).toBe(1n);
    await block('user_unblocked');
    expect((await send(ann)).sequenceNumber).toBe(2n);
    const change = { conversationId, memberId: eve.id };
    expect(await reasonOf(ann.rpc.addMember(change))).toBe('MESSAGING_MEMBERS_FIXED');
    const leaving = ann.rpc.removeMember({ conversationId, memberId: ann.id });
    expect(await reasonOf(leaving)).toBe('MESSAGING_MEMBERS_FIXED');
  });
});

describe('a group', () => {
  it('has members who come and go, each reading what was said meanwhile', async () => {
    const [ann, bob, eve] = [rig.user(), rig.user(), rig.user()];
    const conversationId = await group(ann, bob);
    await ann.rpc.sendMessage(text(conversationId, 'before'));
    const member = { conversationId, memberId: eve.id };
    expect(await reasonOf(bob.rpc.addMember(member))).toBe('MESSAGING_ROLE_NEEDED');
    expect(await ann.rpc.addMember(member)).toMatchObject({ added: true });
    const again = await ann.rpc.addMember(member);
    expect(again).toMatchObject({ added: false, replayed: false });
    await bob.rpc.sendMessage({ ...text(conversationId, 'within'), mentionedUserIds: [eve.id] });
    const left = await eve.rpc.removeMember(member);
    expect(left.removed).toBe(true);
    const last = await ann.rpc.sendMessage(text(conversationId, 'after'));
    const minConsistencyToken = last.consistencyToken;
    const seen = await eve.rpc.getMessageHistory({ conversationId, minConsistencyToken });
    expect(seen.messages.map(({ content }) => content)).toEqual(['within']);
    const { conversation } = await eve.rpc.getConversation({ conversationId });
    expect(conversation).toMatchObject({
      isMember: false,
      memberCount: 2,
      unreadCount: 1,
      mentionCount: 1,
      lastMessage: { content: 'within' },
    });
    expect((await eve.rpc.listUserConversations({})).conversations).toEqual([]);
    const spoken = eve.rpc.sendMessage(text(conversationId, 'hello?'));
    expect(await reasonOf(spoken)).toBe('MESSAGING_MEMBER_NEEDED');
    const twice = await eve.rpc.removeMember(member);
    expect(twice.removed).toBe(false);
  });

  it('is left by its last owner when alone, or to a successor', async () => {
    const [ann, bob] = [rig.user(), rig.user()];
    const conversationId = await group(ann, bob);
    const leave = (who: User, successorId = '') =>
      who.rpc.removeMember({ conversationId, memberId: who.id, successorId });
    expect(await reasonOf(leave(ann))).toBe('MESSAGING_SUCCESSOR_NEEDED');
    expect(await reasonOf(leave(ann, ann.id))).toBe('MESSAGING_SUCCESSOR_UNFIT');
    const left = await leave(ann, bob.id);
    expect(left.removed).toBe(true);
    const minConsistencyToken = left.consistencyToken;
    const { conversation } = await bob.rpc.getConversation({ conversationId, minConsistencyToken });
    expect(conversation).toMatchObject({ role: 'owner', memberCount: 1 });
    expect((await leave(bob)).removed).toBe(true);
  });

  it('is closed for sending, and opened again', async () => {
    const ann = rig.user();
    const conversationId = await group(ann);
    await rig.publish([['conversation_deleted', conversationId, { user_id: ann.id }]]);
    const send = () => ann.rpc.sendMessage(text(conversationId, 'hello'));
    expect(await reasonOf(send())).toBe('MESSAGING_CONVERSATION_CLOSED');
    await rig.publish([['conversation_reopened', conversationId, { user_id: ann.id }]]);
    expect((await send()).sequenceNumber).toBe(1n);
  });
});

describe('a command', () => {
  it('is answered again with what was stored, whatever has happened since', async () => {
    const [ann, bob] = [rig.user(), rig.user()];
    const conversationId = await group(ann, bob);
    const request = { ...text(conversationId, 'once'), requestId: randomUUID() };
    const first = await bob.rpc.sendMessage(request);
    const read = { conversationId, requestId: randomUUID() };
    const firstRead = await bob.rpc.markAsRead(read);
    await ann.rpc.removeMember({ conversationId, memberId: bob.id });
    expect(await reasonOf(bob.rpc.sendMessage({ ...request, requestId: '' }))).toBe(
      'MESSAGING_MEMBER_NEEDED',
    );
    const second = await bob.rpc.sendMessage(request);
    expect(second).toEqual({ ...first, replayed: true });
    expect(await bob.rpc.markAsRead(read)).toEqual({ ...firstRead, replayed: true });
    const other = bob.rpc.sendMessage({ ...request, content: 'twice' });
    expect(await reasonOf(other)).toBe('REQUEST_ID_REUSED');
    const made = { kind: 'group', requestId: randomUUID() };
    const [one, same] = [
      await ann.rpc.createConversation(made),
      await ann.rpc.createConversation(made),
    ];
    expect(same).toEqual({ ...one, replayed: true });
  });

  it('hears all that is wrong with it at once', async () => {
    const ann = rig.user();
    const fields = async (call: Promise<unknown>) =>
      (await failureOf(call)).violations.map(({ field }) => field);
    const sent = ann.rpc.sendMessage({
      conversationId: 'x',
      messageType: 'shout',
      mentionedUserIds: [ann.id, 'eve'],
      replyToMessageId: 'y',
      userId: 'z',
      content: '\0',
    });
    expect(await fields(sent)).toEqual([
      'conversation_id',
      'content',
      'message_type',
      'mentioned_user_ids[1]',
      'reply_to_message_id',
      'user_id',
    ]);
    expect(await fields(ann.rpc.createConversation({ kind: 'direct', name: 'x' }))).toEqual([
      'name',
      'member_ids',
    ]);
    const tooFar = { case: 'sequenceNumber', value: 0n } as const;
    const marked = ann.rpc.markAsRead({ conversationId: randomUUID(), upTo: tooFar });
    expect(await fields(marked)).toEqual(['sequence_number']);
    const listed = ann.rpc.listUserConversations({ pageSize: -1, pageToken: '' });
    expect(await fields(listed)).toEqual(['page_size']);
    expect(await fields(ann.rpc.listUserConversations({ pageToken: 'x' }))).toEqual(['page_token']);
  });

  it('is for oneself, unless the caller may act for others', async () => {
    const [ann, bob] = [rig.user(), rig.user()];
    const conversationId = await group(ann);
    const asBob = rig.user(bob.id, { 'x-nova-roles': 'service' });
    const request = { ...text(conversationId, 'for ann'), userId: ann.id };
    expect(await failureOf(bob.rpc.sendMessage(request))).toMatchObject({
      status: 'PERMISSION_DENIED',
    });
    const sent = await asBob.rpc.sendMessage(request);
    const { event } = await rig.events.getEvent({ eventId: sent.eventId });
    expect(event?.payload).toMatchObject({ sender_id: ann.id });
  });

  it('and a query tell strangers nothing, not even that there is a conversation', async () => {
    const [ann, bob, eve] = [rig.user(), rig.user(), rig.user()];
    const { conversationId, consistencyToken } = await ann.rpc.createConversation({
      kind: 'direct',
      memberIds: [bob.id],
    });
    await ann.rpc.getConversation({ conversationId, minConsistencyToken: consistencyToken });
    const nothing = randomUUID();
    const asked = (id: string) => [
      eve.rpc.getConversation({ conversationId: id }),
      eve.rpc.getMessageHistory({ conversationId: id }),
      eve.rpc.getMessage({ conversationId: id, messageId: randomUUID() }),
      eve.rpc.getUnreadCount({ conversationId: id }),
      eve.rpc.markAsRead({ conversationId: id }),
      eve.rpc.sendMessage(text(id, 'hello')),
      eve.rpc.addMember({ conversationId: id, memberId: eve.id }),
      eve.rpc.removeMember({ conversationId: id, memberId: ann.id }),
    ];
    const reasons = await Promise.all([conversationId, nothing].flatMap(asked).map(reasonOf));
    expect(new Set(reasons)).toEqual(new Set(['MESSAGING_CONVERSATION_NOT_FOUND']));
  });
});

describeReading(() => rig);
describeBehind(() => rig);
describeVerbatim(() => rig);
