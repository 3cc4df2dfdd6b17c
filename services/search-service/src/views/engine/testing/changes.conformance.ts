import { describe, expect, it } from '@jest/globals';
import { newEventId } from '@nova/events';
import type { EventRecord } from '@nova/projection/testing';
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

/** Edits and deletions of messages. */
export function messagesConformance({ happened, found }: EngineBench): void {
  describe('messages', () => {
    it('edits and deletes messages, for good', async () => {
      const [ann, room] = ids();
      const [first, second] = [said(room, ann, 'old horse'), said(room, ann, 'grey horse')];
      const change = (event_type: string, one: typeof first, more = {}): EventRecord => ({
        event_type,
        aggregate_id: room,
        payload: { message_id: one.payload.message_id, ...more },
      });
      await happened(
        ...[created(room, ann), first, second],
        change('message_edited', first, { editor_id: ann, content: 'new donkey' }),
        change('message_deleted', second, { deleter_id: ann }),
        change('message_edited', second, { editor_id: ann, content: 'late horse' }),
        { ...second, payload: { ...second.payload } },
        change('message_edited', said(room, ann, ''), { editor_id: ann, content: 'no horse' }),
      );
      expect(await found(ann, 'horse')).toEqual([]);
      expect(await found(ann, 'old')).toEqual([]);
      expect(await found(ann, 'donkey')).toEqual(['new donkey']);
    });

    it('hides encrypted messages', async () => {
      const [ann, room] = ids();
      const secret = said(room, ann, 'secret', 0, { message_type: 'encrypted' });
      await happened(created(room, ann), secret);
      expect(await found(ann, 'secret')).toEqual([]);
    });
  });
}

/** What becomes of posts and comments. */
export function postsConformance({ happened, found }: EngineBench): void {
  describe('posts and comments', () => {
    it('takes posts back with their comments, and shows an update instead', async () => {
      const [word, viewerId] = [fresh(), newEventId()];
      const [gone, kept, author_id] = ids();
      const update = { author_id, title: 'other', content: `better ${word}`, tags: ['tag'] };
      await happened(
        ...[posted(gone, author_id, word), commented(gone, author_id, `on ${word}`)],
        ...[posted(kept, author_id, `first ${word}`), commented(kept, author_id, `so ${word}`)],
        { event_type: 'post_updated', aggregate_id: kept, payload: update },
        { event_type: 'post_deleted', aggregate_id: gone, payload: { deleter_id: author_id } },
        { event_type: 'post_updated', aggregate_id: gone, payload: { author_id, title: word } },
        commented(newEventId(), author_id, `to nothing ${word}`),
      );
      const texts = await found(viewerId, word);
      expect(texts.sort()).toEqual([`better ${word}`, `so ${word}`].sort());
      expect(await found(viewerId, `first ${word}`)).toEqual([]);
      expect(await found(viewerId, `tag ${word}`)).toEqual([`better ${word}`]);
    });

    it('takes a comment back', async () => {
      const [word, post, author] = [fresh(), newEventId(), newEventId()];
      const comment = commented(post, author, word);
      const payload = { comment_id: comment.payload['comment_id'] ?? '', deleter_id: author };
      await happened(posted(post, author, 'title'), comment, {
        event_type: 'comment_deleted',
        aggregate_id: post,
        payload,
      });
      expect(await found(author, word)).toEqual([]);
    });
  });
}

/** What becomes of users. */
export function usersConformance({ happened, found }: EngineBench): void {
  describe('users', () => {
    it('hides users who are deleted or suspended, and what they wrote in public', async () => {
      const [word, viewerId] = [fresh(), newEventId()];
      const [gone, away, back] = ids();
      const status = (id: string, state: string): EventRecord => ({
        event_type: 'user_status_changed',
        aggregate_id: id,
        payload: { status: state },
      });
      const people = [gone, away, back];
      await happened(
        ...people.map((id) => user(id, word, { bio: id })),
        ...people.map((id) => posted(newEventId(), id, word, { content: `by ${id}` })),
        { event_type: 'user_deleted', aggregate_id: gone, payload: {} },
        { event_type: 'user_updated', aggregate_id: gone, payload: { username: word } },
        ...[status(away, 'suspended'), status(back, 'suspended'), status(back, 'active')],
      );
      const texts = await found(viewerId, word);
      expect(texts.sort()).toEqual([back, `by ${back}`].sort());
    });

    it('shows the profile as it is, not as an older version of it says', async () => {
      const [word, id] = [fresh(), newEventId()];
      const update = (payload: EventRecord['payload']): EventRecord => ({
        event_type: 'user_updated',
        aggregate_id: id,
        payload,
      });
      await happened(
        user(id, `${word}a`, { info_ver: '1' }),
        update({ display_name: `${word}b`, bio: 'third', info_ver: '3' }),
        update({ display_name: `${word}c`, info_ver: '2' }),
      );
      expect(await found(id, `${word}a ${word}b third`)).toEqual(['third']);
      expect(await found(id, `${word}c`, { exactOnly: true })).toEqual([]);
    });
  });
}
