import { randomUUID } from 'node:crypto';
import { participantId } from '@nova/events';
import type { HandMade } from './messaging.rig.spec.ts';

/** Numbers that are the same for the same seed, from 0 up to 1. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Everything that happened in a conversation, as made by hand. */
export interface History {
  readonly conversationId: string;
  readonly userIds: readonly string[];
  readonly events: readonly HandMade[];
}

/**
 * Members come, go and come back; messages are sent, edited, deleted, read and cleared, some of them
 * edited or deleted before they are sent.
 */
export function randomHistory(seed: number, length: number): History {
  const random = seeded(seed);
  const below = (end: number) => Math.floor(random() * end);
  const conversationId = randomUUID();
  const userIds = Array.from({ length: 6 }, () => randomUUID());
  const user = () => userIds[below(userIds.length)] ?? '';
  const some = () => userIds.filter(() => random() < 0.3);
  const messages: string[] = [];
  const early: string[] = [];
  const message = () => {
    const known = random() < 0.6 ? messages[below(messages.length)] : undefined;
    if (known !== undefined) return known;
    const next = randomUUID();
    early.push(next);
    return next;
  };
  const own = () => {
    const userId = user();
    const ids = { conversation_id: conversationId, user_id: userId };
    return {
      id: participantId(conversationId, userId),
      ids,
      upTo: String(below(messages.length + 1)),
    };
  };
  const steps: readonly [number, () => HandMade][] = [
    [
      50,
      () => {
        const message_id = (random() < 0.1 ? early.shift() : undefined) ?? randomUUID();
        messages.push(message_id);
        const payload = { message_id, sender_id: user(), content: `${messages.length}` };
        return ['message_created', conversationId, { ...payload, mentioned_user_ids: some() }];
      },
    ],
    [
      8,
      () => {
        const payload = { message_id: message(), editor_id: user(), content: 'edited' };
        return ['message_edited', conversationId, { ...payload, mentioned_user_ids: some() }];
      },
    ],
    [6, () => ['message_deleted', conversationId, { message_id: message(), deleter_id: user() }]],
    [8, () => ['member_added', conversationId, { user_id: user() }]],
    [8, () => ['member_removed', conversationId, { user_id: user() }]],
    [
      8,
      () => {
        const { id, ids, upTo } = own();
        return ['message_read', id, { ...ids, last_read_sequence: upTo }];
      },
    ],
    [
      1,
      () => {
        const { id, ids, upTo } = own();
        return ['conversation_cleared', id, { ...ids, up_to_sequence: upTo }];
      },
    ],
  ];
  const total = steps.reduce((sum, [weight]) => sum + weight, 0);
  const step = () => {
    let left = random() * total;
    for (const [weight, make] of steps) {
      left -= weight;
      if (left < 0) return make();
    }
    throw new TypeError('no step');
  };
  const [creator = '', ...others] = userIds;
  const created: HandMade = [
    'conversation_created',
    conversationId,
    { kind: 'group', creator_id: creator, member_ids: others.slice(0, 2) },
  ];
  return { conversationId, userIds, events: [created, ...Array.from({ length }, step)] };
}

/** What a user must see, told by looking at everything that happened. */
export interface Expected {
  readonly isKnown: boolean;
  readonly history: readonly string[];
  readonly unread: number;
  readonly mentioned: number;
  readonly last: string | undefined;
}

interface Told {
  readonly id: string;
  readonly sender: string;
  readonly members: ReadonlySet<string>;
  mentions: readonly string[];
  isDeleted: boolean;
}

/** Tells it without windows, rows or counters: who was there when each message was sent. */
export function expectedOf({ events, conversationId }: History, userId: string): Expected {
  const members = new Set<string>();
  const known = new Set<string>();
  const messages: Told[] = [];
  let read = 0;
  let cleared = 0;
  const own = participantId(conversationId, userId);
  const find = (payload: HandMade[2]) => messages.find(({ id }) => id === payload['message_id']);
  const join = (...ids: unknown[]) => {
    for (const id of ids) {
      members.add(String(id));
      known.add(String(id));
    }
  };
  const listOf = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
  const apply: Record<string, (payload: HandMade[2], aggregate: string) => void> = {
    conversation_created: (payload) =>
      join(payload['creator_id'], ...listOf(payload['member_ids'])),
    member_added: (payload) => join(payload['user_id']),
    member_removed: (payload) => members.delete(String(payload['user_id'])),
    message_created: (payload) =>
      messages.push({
        id: String(payload['message_id']),
        sender: String(payload['sender_id']),
        members: new Set(members),
        mentions: listOf(payload['mentioned_user_ids']),
        isDeleted: false,
      }),
    message_edited(payload) {
      const message = find(payload);
      if (message !== undefined) message.mentions = listOf(payload['mentioned_user_ids']);
    },
    message_deleted(payload) {
      const message = find(payload);
      if (message !== undefined) message.isDeleted = true;
    },
    message_read(payload, aggregate) {
      if (aggregate === own) read = Math.max(read, Number(payload['last_read_sequence']));
    },
    conversation_cleared(payload, aggregate) {
      if (aggregate === own) cleared = Math.max(cleared, Number(payload['up_to_sequence']));
    },
  };
  for (const [type, aggregate, payload] of events) apply[type]?.(payload, aggregate);
  const readable = messages.filter(
    (message, index) => message.members.has(userId) && index + 1 > cleared,
  );
  const isUnread = (message: Told) =>
    messages.indexOf(message) + 1 > read && message.sender !== userId && !message.isDeleted;
  const unread = readable.filter(isUnread);
  return {
    isKnown: known.has(userId),
    history: readable.map(({ id }) => id),
    unread: unread.length,
    mentioned: unread.filter(({ mentions }) => mentions.includes(userId)).length,
    last: readable.findLast(({ isDeleted }) => !isDeleted)?.id,
  };
}
