import { describe, expect, it } from '@jest/globals';
import { participantId } from '@nova/events';
import { createConversation } from './create-conversation.ts';
import {
  ANN,
  BOB,
  CLOSED,
  conversation,
  EVE,
  former,
  HIDDEN,
  LEFT,
  member,
  met,
  outcomeOf,
  place,
  ROOM,
} from './deciders.rig.spec.ts';
import { markAsRead, type ReadUpTo } from './mark-as-read.ts';
import type { Membership } from './membership.ts';
import type { StoredMessage } from './message.ts';
import { sendMessage } from './send-message.ts';
import type { Place } from './standing.ts';

describe('createConversation', () => {
  const given = {
    conversationId: ROOM,
    kind: 'direct',
    creatorId: ANN,
    otherIds: [BOB],
    name: '',
    avatarUrl: '',
  } as const;
  const created = { kind: 'direct', creator_id: ANN, member_ids: [ANN, BOB] };

  it('creates what does not exist, also where messages came before', () => {
    const yes = [{ conversation_id: ROOM, created: true }, ['ConversationCreated', created]];
    expect(outcomeOf(() => createConversation(given, undefined))).toEqual(yes);
    expect(outcomeOf(() => createConversation(given, conversation({ kind: null })))).toEqual(yes);
  });

  it('changes nothing where it exists', () => {
    const existing = conversation({ kind: 'direct' });
    expect(outcomeOf(() => createConversation(given, existing))).toEqual([
      { conversation_id: ROOM, created: false },
    ]);
  });

  it('leaves out what is empty', () => {
    const named = { ...given, kind: 'group', otherIds: [], name: 'here' } as const;
    expect(outcomeOf(() => createConversation(named, undefined))).toEqual([
      { conversation_id: ROOM, created: true },
      ['ConversationCreated', { kind: 'group', creator_id: ANN, member_ids: [ANN], name: 'here' }],
    ]);
  });
});

describe('sendMessage', () => {
  const message = {
    messageId: 'm',
    content: 'hello',
    messageType: 'text',
    mentionedUserIds: [],
    replyToMessageId: '',
    ciphertext: '',
    nonce: '',
  };
  const send = (sender: Place, blocked: readonly string[] = []) =>
    outcomeOf(() => sendMessage(sender, message, (id) => blocked.includes(id)));
  const sent = (sender: string, more: object = {}) => [
    { message_id: 'm' },
    [
      'MessageCreated',
      { message_id: 'm', sender_id: sender, content: 'hello', message_type: 'text', ...more },
    ],
  ];
  const direct = { kind: 'direct', peer_ids: [ANN, BOB] };

  it.each<[string, unknown, unknown]>([
    ['a member of a group', send(place(member(BOB))), sent(BOB)],
    ['a side of a direct one', send(place(member(BOB), direct)), sent(BOB, { recipient_id: ANN })],
    [
      'one who is blocked',
      send(place(member(BOB), direct), [ANN]),
      'NOVA_MESSAGING_SENDER_BLOCKED',
    ],
    ['one who blocks', send(place(member(BOB), direct), [BOB]), sent(BOB, { recipient_id: ANN })],
    ['a former member', send(place(former(BOB))), LEFT],
    ['a stranger', send(place(undefined)), HIDDEN],
    ['one met in a group', send(place(met(BOB))), HIDDEN],
    ['one met where nobody created it', send(place(met(BOB), { kind: null })), sent(BOB)],
    ['a member of a closed one', send(place(member(BOB), { is_closed: true })), CLOSED],
    ['anybody in nothing', send({ ...place(member(BOB)), conversation: undefined }), HIDDEN],
  ])('judges %s', (_who, outcome, expected) => {
    expect(outcome).toEqual(expected);
  });

  it('carries mentions, a reply and what is encrypted, where there is such', () => {
    const rich = {
      ...message,
      mentionedUserIds: [EVE],
      replyToMessageId: 'r',
      ciphertext: 'c',
      nonce: 'n',
    };
    const decided = sendMessage(place(member(BOB)), rich, () => false);
    expect(decided.events[0]?.payload).toMatchObject({
      mentioned_user_ids: [EVE],
      reply_to_message_id: 'r',
      ciphertext: 'c',
      nonce: 'n',
    });
  });
});

describe('markAsRead', () => {
  const NOW = '2026-01-01T00:00:00.000Z';
  const message = (sequence: number, version: number): StoredMessage => ({
    conversation_id: ROOM,
    message_id: 'm',
    sequence,
    version,
    sender_id: ANN,
    content: '',
    message_type: 'text',
    mentioned_user_ids: [],
    reply_to_message_id: null,
    ciphertext: null,
    nonce: null,
    created_at: NOW,
    stored_at: NOW,
    edited_at: null,
    is_deleted: false,
  });
  const marked = (mark: number) => ({
    participant_id: participantId(ROOM, BOB),
    conversation_id: ROOM,
    user_id: BOB,
    last_read_sequence: mark,
    cleared_sequence: 0,
    is_pinned: false,
    is_muted: false,
    is_hidden: false,
    is_starred: false,
  });
  const mark = (membership: Membership | undefined, upTo: ReadUpTo, before?: number) =>
    outcomeOf(() =>
      markAsRead(
        place(membership, { last_sequence: 7 }),
        upTo,
        before === undefined ? undefined : marked(before),
        NOW,
      ),
    );
  const moved = (sequence: number, more: object = {}) => [
    { last_read_sequence: sequence },
    [
      'MessageRead',
      {
        conversation_id: ROOM,
        user_id: BOB,
        last_read_sequence: String(sequence),
        read_at: NOW,
        ...more,
      },
    ],
  ];
  const to = (sequence: number): ReadUpTo => ({ kind: 'sequence', sequence });
  const at = (found: StoredMessage | undefined): ReadUpTo => ({
    kind: 'message',
    messageId: 'm',
    message: found,
  });
  const LOST = 'NOVA_MESSAGING_MESSAGE_NOT_FOUND';

  it.each<[string, unknown, unknown]>([
    ['the end', mark(member(BOB), { kind: 'end' }, 2), moved(7)],
    ['a sequence', mark(member(BOB), to(3), 2), moved(3)],
    ['a sequence above the end', mark(member(BOB), to(99)), moved(7)],
    ['where the mark is', mark(member(BOB), to(3), 3), [{ last_read_sequence: 3 }]],
    ['below the mark', mark(member(BOB), to(2), 3), [{ last_read_sequence: 3 }]],
    ['a message', mark(member(BOB), at(message(4, 6))), moved(4, { message_id: 'm' })],
    ['no message', mark(member(BOB), at(undefined)), LOST],
    ['a message of after leaving', mark(former(BOB), at(message(7, 10))), LOST],
    [
      'a message of before leaving',
      mark(former(BOB), at(message(5, 8))),
      moved(5, { message_id: 'm' }),
    ],
    ['what a stranger sees', mark(undefined, { kind: 'end' }), HIDDEN],
  ])('moves the mark to %s, forward only', (_what, outcome, expected) => {
    expect(outcome).toEqual(expected);
  });
});
