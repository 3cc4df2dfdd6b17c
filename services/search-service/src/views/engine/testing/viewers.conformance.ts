import { describe, expect, it } from '@jest/globals';
import { contactId, newEventId } from '@nova/events';
import type { EventRecord } from '@nova/projection/testing';
import type { KINDS, Question } from '../../../domain/search-engine.ts';
import {
  commented,
  created,
  type EngineBench,
  fresh,
  ids,
  posted,
  said,
  user,
} from './engine-bench.ts';

/** Who finds which messages. */
export function membersConformance({ happened, found }: EngineBench): void {
  describe('who asks for messages', () => {
    it('finds what was said while they were a member, sent or got', async () => {
      const [ann, bob, cem, dan, room] = ids();
      const member = (event_type: string, user_id: string): EventRecord => ({
        event_type,
        aggregate_id: room,
        payload: { user_id },
      });
      await happened(
        said(room, dan, 'badger zero'),
        created(room, ann),
        said(room, ann, 'badger one'),
        member('member_added', bob),
        said(room, ann, 'badger two'),
        member('member_removed', bob),
        said(room, ann, 'badger three'),
        member('member_added', bob),
        member('member_added', bob),
        said(room, ann, 'badger four'),
        said(room, cem, 'badger five', 0, { recipient_id: dan }),
      );
      const all = ['zero', 'one', 'two', 'three', 'four', 'five'].map((one) => `badger ${one}`);
      expect((await found(ann, 'badger')).sort()).toEqual([...all].sort());
      expect((await found(bob, 'badger')).sort()).toEqual(
        ['badger five', 'badger four', 'badger two'].sort(),
      );
      expect(await found(cem, 'badger')).toEqual(['badger five']);
      expect((await found(dan, 'badger')).sort()).toEqual(['badger five', 'badger zero']);
      expect(await found(newEventId(), 'badger')).toEqual([]);
    });

    it('finds what was said since a second creation of the conversation made them a member', async () => {
      const word = fresh();
      const [ann, bob, cem, room] = ids();
      await happened(
        created(room, ann),
        said(room, ann, `${word} one`),
        created(room, cem, bob),
        said(room, ann, `${word} two`),
        created(room, ann, bob),
      );
      for (const late of [bob, cem]) expect(await found(late, word)).toEqual([`${word} two`]);
      expect(await found(ann, word)).toHaveLength(2);
    });
  });
}

/** Who finds which posts. */
export function friendsConformance({ happened, found }: EngineBench): void {
  describe('who asks for posts', () => {
    it('decides about posts for friends, private ones, and people who keep apart', async () => {
      const word = fresh();
      const [author, friend, other, foe, pest] = ids();
      const contact = (event_type: string, user_id: string, friend_id: string): EventRecord => ({
        event_type,
        aggregate_id: contactId(user_id, friend_id),
        payload: { user_id, friend_id },
      });
      const shown = (visibility: string) =>
        posted(newEventId(), author, word, { content: visibility, visibility });
      const post = newEventId();
      await happened(
        ...[user(author, word, { bio: 'author' }), shown('public'), shown('private')],
        ...[shown('friends_only'), posted(post, author, 'x', { visibility: 'friends_only' })],
        commented(post, author, `${word} comment`),
        contact('friend_added', author, friend),
        contact('friend_added', author, other),
        contact('friend_removed', author, other),
        contact('user_blocked', foe, author),
        contact('user_blocked', author, pest),
        contact('user_blocked', author, other),
        contact('user_unblocked', author, other),
      );
      const seenBy = async (id: string) => (await found(id, word)).sort();
      expect(await seenBy(author)).toEqual(
        ['author', 'friends_only', 'private', 'public', `${word} comment`].sort(),
      );
      expect(await seenBy(friend)).toEqual(
        ['author', 'friends_only', 'public', `${word} comment`].sort(),
      );
      expect(await seenBy(other)).toEqual(['author', 'public']);
      expect(await seenBy(foe)).toEqual([]);
      expect(await seenBy(pest)).toEqual([]);
    });
  });
}

/** Filters. */
export function filtersConformance({ happened, found }: EngineBench): void {
  describe('filters', () => {
    it('may narrow it to a conversation, a sender, an author or the verified', async () => {
      const word = fresh();
      const [ann, bob, room, hall] = ids();
      await happened(
        ...[created(room, ann, bob), created(hall, ann, bob)],
        ...[
          said(room, ann, `${word} 1`),
          said(room, bob, `${word} 2`),
          said(hall, bob, `${word} 3`),
        ],
        ...[user(ann, word, { bio: 'plain' }), user(bob, word, { bio: 'sure', is_verified: true })],
        ...[ann, bob].map((id) => posted(newEventId(), id, word, { content: `of ${id}` })),
      );
      const narrowed = async (kind: (typeof KINDS)[number], filter: Question['filter']) =>
        (await found(ann, word, { kinds: [kind], filter })).sort();
      expect(await narrowed('message', { conversationId: room })).toEqual(
        [1, 2].map((one) => `${word} ${one}`),
      );
      expect(await narrowed('message', { senderId: bob })).toEqual(
        [2, 3].map((one) => `${word} ${one}`),
      );
      expect(await narrowed('message', { senderId: bob, conversationId: hall })).toEqual([
        `${word} 3`,
      ]);
      expect(await narrowed('post', { authorId: bob })).toEqual([`of ${bob}`]);
      expect(await narrowed('user', { verifiedOnly: true })).toEqual(['sure']);
    });
  });
}
