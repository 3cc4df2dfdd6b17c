import { describe, expect, it } from '@jest/globals';
import { catalogue, contactId, directConversationId, participantId } from '@nova/events';
import { ids, payloads } from '@nova/events/testing';
import {
  UserCreatedSchema,
  UserDeletedSchema,
  UserStatusChangedSchema,
  UserUpdatedSchema,
} from '@nova/proto/gen/events/user_events_pb';
import {
  UserBlockedSchema,
  UserUnblockedSchema,
} from '@nova/proto/gen/messaging/contact_events_pb';
import {
  ConversationCreatedSchema,
  ConversationUpdatedSchema,
  MemberAddedSchema,
  MemberRemovedSchema,
  MemberRoleChangedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import { ConversationSettingsChangedSchema } from '@nova/proto/gen/messaging/participant_events_pb';
import {
  NotificationCreatedSchema,
  NotificationDeletedSchema,
  NotificationReadSchema,
} from '@nova/proto/gen/notification/notification_events_pb';
import {
  NotificationPreferencesChangedSchema,
  NotificationsReadAllSchema,
} from '@nova/proto/gen/notification/notification_inbox_events_pb';
import fc from 'fast-check';
import { allViews } from './all-views.ts';
import { blockView } from './block_view/block-view.ts';
import { conversationView } from './conversation_view/conversation-view.ts';
import { inboxView } from './inbox_view/inbox-view.ts';
import { memberView } from './member_view/member-view.ts';
import { muteView } from './mute_view/mute-view.ts';
import { notificationView } from './notification_view/notification-view.ts';
import { happened, OwnViews } from './testing.ts';
import { userView } from './user_view/user-view.ts';

const [ANN, BOB, CAT, ROOM, NOTE, DAN] = [1, 2, 3, 4, 5, 6].map(
  (n) => `00000000-0000-4000-8000-00000000000${n}`,
) as [string, string, string, string, string, string];
const at = (second: number) => `2026-11-21T12:00:0${second}.000000Z`;

describe('conversation_view', () => {
  it('keeps the two sides of a direct conversation, and no members of a group', () => {
    const views = new OwnViews();
    const direct = directConversationId(ANN, BOB);
    const sides = { kind: 'direct', creator_id: ANN, member_ids: [ANN, BOB] };
    views.apply(happened(ConversationCreatedSchema, direct, sides));
    const group = { kind: 'group', creator_id: ANN, member_ids: [BOB, CAT], name: 'Garden' };
    views.apply(happened(ConversationCreatedSchema, ROOM, group));
    views.apply(happened(MemberAddedSchema, ROOM, { user_id: NOTE }));
    expect(views.row(conversationView, { conversation_id: direct })).toMatchObject({
      kind: 'direct',
      pair: [ANN, BOB],
    });
    expect(views.row(conversationView, { conversation_id: ROOM })).toEqual({
      conversation_id: ROOM,
      kind: 'group',
      name: 'Garden',
      pair: [],
    });
  });

  it('learns the sides also from members that come before the conversation', () => {
    const views = new OwnViews();
    const direct = directConversationId(ANN, BOB);
    views.apply(happened(MemberAddedSchema, direct, { user_id: BOB }));
    views.apply(happened(MemberAddedSchema, direct, { user_id: CAT }));
    views.apply(happened(MemberRemovedSchema, direct, { user_id: CAT }));
    const sides = { kind: 'direct', creator_id: ANN, member_ids: [BOB] };
    views.apply(happened(ConversationCreatedSchema, direct, sides));
    expect(views.row(conversationView, { conversation_id: direct })).toMatchObject({
      pair: [ANN, BOB],
    });
  });

  it('remembers few members while it does not know the kind', () => {
    const views = new OwnViews();
    for (let n = 10; n < 60; n += 1) {
      const user_id = `00000000-0000-4000-8000-0000000000${n}`;
      views.apply(happened(MemberAddedSchema, ROOM, { user_id }));
    }
    const row = views.row(conversationView, { conversation_id: ROOM });
    expect(row?.pair).toHaveLength(8);
  });

  it('keeps the name where an update gives none', () => {
    const views = new OwnViews();
    views.apply(happened(ConversationUpdatedSchema, ROOM, { editor_id: ANN, name: 'Garden' }));
    views.apply(happened(ConversationUpdatedSchema, ROOM, { editor_id: ANN, avatar_url: 'x' }));
    expect(views.row(conversationView, { conversation_id: ROOM })).toMatchObject({
      name: 'Garden',
    });
  });
});

describe('member_view, mute_view and block_view', () => {
  it('have a row as long as it is so', () => {
    const views = new OwnViews();
    const group = { kind: 'group', creator_id: ANN, member_ids: [BOB] };
    views.apply(happened(ConversationCreatedSchema, ROOM, group));
    views.apply(happened(MemberAddedSchema, ROOM, { user_id: CAT }));
    views.apply(happened(MemberRemovedSchema, ROOM, { user_id: BOB }));
    // Whoever has a role is a member with it.
    views.apply(happened(MemberRoleChangedSchema, ROOM, { user_id: DAN, role: 'admin' }));
    const members = [ANN, BOB, CAT, DAN].filter((user_id) =>
      views.row(memberView, { conversation_id: ROOM, user_id }),
    );
    expect(members).toEqual([ANN, CAT, DAN]);

    const side = { conversation_id: ROOM, user_id: ANN };
    const muted = () => views.row(muteView, { participant_id: participantId(ROOM, ANN) });
    const set = (given: Record<string, boolean>) =>
      views.apply(happened(ConversationSettingsChangedSchema, '', { ...side, ...given }));
    set({ muted: true });
    set({ pinned: true });
    expect(muted()).toMatchObject(side);
    set({ muted: false });
    expect(muted()).toBeUndefined();

    const pair = { user_id: ANN, friend_id: BOB };
    const blocked = () => views.row(blockView, { contact_id: contactId(ANN, BOB) });
    views.apply(happened(UserBlockedSchema, '', pair));
    expect(blocked()).toMatchObject(pair);
    views.apply(happened(UserUnblockedSchema, '', pair));
    expect(blocked()).toBeUndefined();
  });
});

describe('user_view', () => {
  it('keeps names that an update does not give, and a closed account closed', () => {
    const views = new OwnViews();
    const ann = () => views.row(userView, { user_id: ANN });
    views.apply(happened(UserCreatedSchema, ANN, { username: 'ann', display_name: 'Ann' }));
    views.apply(happened(UserUpdatedSchema, ANN, { display_name: 'Ann B.' }));
    views.apply(happened(UserStatusChangedSchema, ANN, { status: 'suspended' }));
    views.apply(happened(UserCreatedSchema, ANN, { username: 'ann2' }));
    const suspended = { username: 'ann2', display_name: 'Ann B.', status: 'suspended' };
    expect(ann()).toEqual({ user_id: ANN, ...suspended });
    views.apply(happened(UserDeletedSchema, ANN, {}));
    views.apply(happened(UserStatusChangedSchema, ANN, { status: 'active' }));
    const deleted = { username: null, display_name: null, status: 'deleted' };
    expect(ann()).toEqual({ user_id: ANN, ...deleted });
    views.apply(happened(UserCreatedSchema, ANN, { username: 'new' }));
    expect(ann()).toMatchObject({ username: 'new', status: 'active' });
  });
});

describe('notification_view', () => {
  const created = (more: Record<string, string> = {}) =>
    happened(NotificationCreatedSchema, NOTE, { user_id: ANN, kind: 'followed', ...more });

  it('is read once, by its owner', () => {
    const views = new OwnViews();
    const note = () => views.row(notificationView, { notification_id: NOTE });
    const read = (user_id: string, storedAt: string) =>
      views.apply(happened(NotificationReadSchema, NOTE, { user_id }, { storedAt }));
    read(ANN, at(1));
    expect(note()).toBeUndefined();
    views.apply(created());
    read(BOB, at(2));
    expect(note()).toMatchObject({ read_at: null });
    read(ANN, at(3));
    read(ANN, at(4));
    expect(note()).toMatchObject({ read_at: at(3) });
  });

  it('tells a user once, and is gone when its owner deletes it', () => {
    const views = new OwnViews();
    const note = () => views.row(notificationView, { notification_id: NOTE });
    views.apply(created({ title: 'one' }));
    views.apply(created({ title: 'two' }));
    expect(note()).toMatchObject({ title: 'one' });
    views.apply(happened(NotificationDeletedSchema, NOTE, { user_id: BOB }));
    expect(note()).toBeDefined();
    views.apply(happened(NotificationDeletedSchema, NOTE, { user_id: ANN }));
    expect(note()).toBeUndefined();
  });

  it('keeps little of what was published by hand, however much it is', () => {
    const views = new OwnViews();
    const much = 'x'.repeat(40_000);
    const payload = { user_id: ANN, kind: much, title: much, body: much, target_id: much };
    const more = { actor_ids: Array.from({ length: 900 }, () => BOB), data: { much } };
    views.apply(happened(NotificationCreatedSchema, NOTE, { ...payload, ...more }));
    const row = views.row(notificationView, { notification_id: NOTE });
    expect(JSON.stringify(row).length).toBeLessThan(4_000);
  });
});

describe('inbox_view', () => {
  const inbox = (views: OwnViews) => views.row(inboxView, { user_id: ANN });
  const readAll = (up_to: string, storedAt: string) =>
    happened(NotificationsReadAllSchema, ANN, { up_to }, { storedAt });

  it('moves its cutoff forward only, and never beyond the event', () => {
    const views = new OwnViews();
    views.apply(readAll(at(3), at(4)));
    views.apply(readAll(at(2), at(5)));
    expect(inbox(views)).toMatchObject({ read_all_up_to: at(3) });
    views.apply(readAll('2999-01-01T00:00:00Z', at(6)));
    expect(inbox(views)).toMatchObject({ read_all_up_to: at(6) });
  });

  it('keeps what is switched off of what it knows', () => {
    const views = new OwnViews();
    const prefer = (preferences: Record<string, string>) =>
      views.apply(happened(NotificationPreferencesChangedSchema, ANN, { preferences }));
    prefer({ mention: 'off', all: 'on', ringtone: 'off' });
    prefer({ followed: 'off' });
    expect(inbox(views)).toMatchObject({ preferences: { mention: 'off', followed: 'off' } });
    prefer({ mention: 'on' });
    expect(inbox(views)).toEqual({
      user_id: ANN,
      read_all_up_to: null,
      preferences: { followed: 'off' },
    });
  });
});

describe('the folds', () => {
  const consumed = [...new Set(allViews.flatMap(({ handlers }) => [...handlers.values()]))];
  const types = new Map(consumed.map(({ eventType, schema }) => [eventType, schema]));

  it.each([...types.keys()])('take every %s that the log accepts, whatever came before', (type) => {
    const eventType = catalogue.get(type);
    if (eventType === undefined) throw new Error(`no type ${type}`);
    const { kind } = eventType.keyRule;
    const story = fc.tuple(ids(), fc.array(payloads(eventType), { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(story, ([aggregateId, told]) => {
        const views = new OwnViews();
        for (const payload of told) {
          const own = kind === 'field' ? { user_id: aggregateId } : {};
          const id = kind === 'derived' ? '' : aggregateId;
          views.apply(happened(eventType.message, id, { ...payload, ...own }));
        }
      }),
      { numRuns: 60 },
    );
  });
});
