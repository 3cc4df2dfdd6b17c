import { describe, expect, it } from '@jest/globals';
import { newEventId } from '@nova/events';
import { comparePlaces, EXACT_TOTAL } from '../../../domain/search-engine.ts';
import {
  at,
  commented,
  created,
  type EngineBench,
  fresh,
  ids,
  posted,
  said,
  textsOf,
  user,
} from './engine-bench.ts';

/** Pages. */
export function pagesConformance({ happened, search, paged }: EngineBench): void {
  describe('lists', () => {
    it('go page by page through equal ranks, each hit once', async () => {
      const [ann, room] = ids();
      const texts = Array.from({ length: 40 }, (_, index) => `lemur ${index}`);
      await happened(created(room, ann), ...texts.map((text) => said(room, ann, text)));
      for (const limit of [1, 7, 39, 40]) {
        const hits = await paged({ viewerId: ann, query: 'lemur', limit });
        expect(textsOf(hits).sort()).toEqual([...texts].sort());
      }
    });

    it('go on across kinds, the newest first, with the count of each', async () => {
      const [word, ann, room] = [fresh(), newEventId(), newEventId()];
      const post = newEventId();
      await happened(
        ...[created(room, ann), said(room, ann, `m1 ${word}`, 1), said(room, ann, `m2 ${word}`, 2)],
        { ...user(newEventId(), word, { bio: 'user' }), occurred_at: at(2) },
        { ...posted(post, ann, 'x', { content: `post ${word}` }), occurred_at: at(2) },
        { ...commented(post, ann, `comment ${word}`), occurred_at: at(3) },
      );
      const one = { viewerId: ann, query: word };
      const { counts } = await search(one);
      expect(counts).toEqual([
        { kind: 'message', total: 2, isMore: false },
        ...['user', 'post', 'comment'].map((kind) => ({ kind, total: 1, isMore: false })),
      ]);
      const order = ['user', `comment ${word}`, `m2 ${word}`, `post ${word}`, `m1 ${word}`];
      for (const limit of [1, 2, 3]) {
        expect(textsOf(await paged({ ...one, limit }))).toEqual(order);
      }
    });
  });
}

/** Pages of more than is counted. */
export function longListsConformance({ happened, search, paged }: EngineBench): void {
  describe('long lists', () => {
    it('are the same where more match than are counted', async () => {
      const [ann, room] = ids();
      const size = EXACT_TOTAL + 300;
      // Few times, so that many are of equal rank; exact ones are 1 in 4.
      const texts = Array.from({ length: size }, (_, index) =>
        index % 4 === 0 ? `otter ${index}` : `otters ${index}`,
      );
      const events = texts.map((text, index) => said(room, ann, text, index % 50));
      await happened(created(room, ann), ...events);
      const { counts } = await search({ viewerId: ann, query: 'otter', kinds: ['message'] });
      expect(counts).toEqual([{ kind: 'message', total: EXACT_TOTAL, isMore: true }]);
      const hits = await paged({ viewerId: ann, query: 'otter', kinds: ['message'], limit: 100 });
      expect(hits).toHaveLength(size);
      expect(new Set(textsOf(hits)).size).toBe(size);
      expect([...hits].sort(comparePlaces)).toEqual(hits);
      const exact = hits.filter(({ tier }) => tier === 'exact').length;
      expect(exact).toBe(Math.ceil(size / 4));
      const few = await search({ viewerId: ann, query: 'otter 4', kinds: ['message'] });
      expect(few.counts[0]?.isMore).toBe(false);
    }, 30_000);
  });
}

/** Pages of several kinds, one of which has more than is counted. */
export function longMixedListsConformance({ happened, paged }: EngineBench): void {
  describe('long lists of several kinds', () => {
    it.each(['message', 'post'])(
      'are the same across kinds where more of kind %s match than are counted',
      async (many) => {
        const word = fresh();
        const [ann, room, author] = ids();
        const [some, size] = [20, EXACT_TOTAL + 50];
        const times = (kind: string) =>
          Array.from({ length: kind === many ? size : some }, (_, index) => index % 5);
        const posts = times('post').map((minutes) => ({
          ...posted(newEventId(), author, 'x', { content: word }),
          occurred_at: at(minutes),
        }));
        const messages = times('message').map((minutes) => said(room, ann, word, minutes));
        const people = times('user').map((minutes) => ({
          ...user(newEventId(), 'x', { bio: word }),
          occurred_at: at(minutes),
        }));
        await happened(created(room, ann), ...posts, ...messages, ...people);
        // With these, some pages end within the few of a time.
        for (const limit of [23, 29]) {
          const hits = await paged({ viewerId: ann, query: word, limit });
          expect(hits).toHaveLength(size + 2 * some);
          expect(new Set(hits.map((hit) => hit.ids.join())).size).toBe(size + 2 * some);
          expect([...hits].sort(comparePlaces)).toEqual(hits);
        }
      },
      30_000,
    );
  });
}
