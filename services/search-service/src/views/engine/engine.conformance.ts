import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contactId, newEventId, type StoredEvent } from '@nova/events';
import { type EventRecord, recorded } from '@nova/projection/testing';
import {
  comparePlaces,
  EXACT_TOTAL,
  type Found,
  KINDS,
  type Question,
  type SearchEngine,
} from '../../domain/search-engine.ts';
import { queryWordsOf } from '../../domain/words.ts';

/** An engine with what feeds it. */
export interface EngineUnderTest {
  /** Makes what happened known to the engine, in order; resolves when it can be found. */
  apply(events: readonly StoredEvent[]): Promise<void>;
  readonly engine: SearchEngine;
  close(): Promise<void>;
}

type Asked = Partial<Omit<Question, 'words'>> & { readonly query: string };

const later = (minutes: number) => new Date(Date.UTC(2025, 0, 1, 0, minutes)).toISOString();
const at = (minutes: number) => later(minutes).replace('Z', '000Z');

function created(room: string, ...members: string[]): EventRecord {
  const [creator_id = ''] = members;
  const payload = { kind: 'group', creator_id, member_ids: members };
  return { event_type: 'conversation_created', aggregate_id: room, payload };
}

function said(room: string, sender_id: string, content: string, minutes = 0, more = {}) {
  const payload = { message_id: newEventId(), sender_id, content, ...more };
  const occurred_at = at(minutes);
  return { event_type: 'message_created', aggregate_id: room, payload, occurred_at };
}

function user(id: string, username: string, more = {}): EventRecord {
  return { event_type: 'user_created', aggregate_id: id, payload: { username, ...more } };
}

function posted(id: string, author_id: string, title: string, more = {}): EventRecord {
  return { event_type: 'post_created', aggregate_id: id, payload: { author_id, title, ...more } };
}

function commented(post: string, author_id: string, content: string): EventRecord {
  const payload = { comment_id: newEventId(), author_id, post_author_id: author_id, content };
  return { event_type: 'comment_created', aggregate_id: post, payload };
}

/** As many new ids as a case may want. */
const ids = () => [newEventId(), newEventId(), newEventId(), newEventId(), newEventId()] as const;

/** A word that no other case has. */
const fresh = () =>
  `w${newEventId().slice(-12)}x`.replaceAll(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '');

const textsOf = (hits: readonly Found[]) => hits.map(({ document }) => document.text);

/**
 * What every engine must do. Everything is told in events, as the log has them, so that an engine
 * with an index of its own is held to the same as one over views.
 */
export function engineConformance(name: string, open: () => Promise<EngineUnderTest>): void {
  describe(`the search engine of ${name}`, () => {
    let tested: EngineUnderTest;
    beforeAll(async () => {
      tested = await open();
    }, 60_000);
    afterAll(() => tested.close());

    const happened = (...records: readonly EventRecord[]) => tested.apply(recorded(records));
    const search = ({ query, ...more }: Asked) =>
      tested.engine.search({
        kinds: KINDS,
        words: queryWordsOf(query),
        exactOnly: false,
        viewerId: newEventId(),
        filter: {},
        after: undefined,
        limit: 100,
        ...more,
      });
    const found = async (viewerId: string, query: string, more: Partial<Asked> = {}) =>
      textsOf((await search({ viewerId, query, ...more })).hits);
    /** All hits, page by page. */
    const paged = async (asked: Asked) => {
      const hits: Found[] = [];
      for (let after = asked.after; ; after = hits.at(-1)) {
        const page = await search({ ...asked, after });
        hits.push(...page.hits);
        if (!page.goesOn) return hits;
      }
    };

    describe('words', () => {
      const [ann, room] = ids();
      const texts = [
        'Der Käse schmeckt, SAGTE er',
        'ＦＵＬＬ　ｗｉｄｔｈ',
        'как дела, ёжик?',
        'مَرْحَبًا بالعالم',
        '昨日は東京タワーに行った猫',
        '한국어 검색이 됩니다',
        'ข้อความภาษาไทย',
        "don't panic",
        'apt-get install xorg.conf 12.04',
        'well done 🎉 everybody',
        'straße',
      ];
      beforeAll(() => happened(created(room, ann), ...texts.map((text) => said(room, ann, text))));

      it.each([
        ['kase sagte', 0],
        ['KÄSE', 0],
        ['full width', 1],
        ['ЁЖИК', 2],
        ['ежик', 2],
        ['مرحبا', 3],
        ['東京', 4],
        ['東京タワー', 4],
        ['猫', 4],
        ['東', 4],
        ['ﾀﾜｰ', 4],
        ['검색', 5],
        ['한국어', 5],
        ['ภาษา', 6],
        ['dont', 7],
        ['don’t panic', 7],
        ['xorg.conf', 8],
        ['12.04', 8],
        ['get apt', 8],
        ['🎉', 9],
        ['strasse', 10],
      ])('finds %j', async (query, index) => {
        expect(await found(ann, query, { exactOnly: true })).toEqual([texts[index]]);
      });

      it.each(['東方', '京東', '昨日猫', 'panic käse', '🎈', 'конь'])(
        'does not find %j',
        async (query) => {
          expect(await found(ann, query)).toEqual([]);
        },
      );
    });

    describe('tiers', () => {
      it('give exact matches first, then beginnings, then mistyped words, each newest first', async () => {
        const [ann, room] = ids();
        const texts = [
          'kernel',
          'kernels',
          'kermel',
          'a kernel',
          'kernelspace',
          'kernle',
          'kernal',
        ];
        const events = texts.map((text, index) => said(room, ann, text, index));
        await happened(created(room, ann), ...events);
        const { hits, counts, forms } = await search({ viewerId: ann, query: 'kernel' });
        expect(textsOf(hits)).toEqual([
          ...['a kernel', 'kernel', 'kernelspace', 'kernels', 'kernal', 'kernle', 'kermel'],
        ]);
        expect(hits.map(({ tier }) => tier)).toEqual([
          ...['exact', 'exact', 'prefix', 'prefix', 'typo', 'typo', 'typo'],
        ]);
        expect(counts[0]).toEqual({ kind: 'message', total: 7, isMore: false });
        expect(forms.whole).toEqual(expect.arrayContaining(['kernel', 'kermel', 'kernle']));
        expect(await found(ann, 'kernel', { exactOnly: true })).toEqual(['a kernel', 'kernel']);
      });

      it('are those of all words together', async () => {
        const [ann, room] = ids();
        const texts = ['sound driver', 'sound drivers', 'sounds drive', 'drivers', 'soumd driver'];
        const events = texts.map((text, index) => said(room, ann, text, index));
        await happened(created(room, ann), ...events);
        expect(await found(ann, 'driver sound')).toEqual([
          ...['sound driver', 'sound drivers', 'soumd driver', 'sounds drive'],
        ]);
      });

      it('take short words as they are, but the last one as a beginning', async () => {
        const [ann, room] = ids();
        const texts = ['to be', 'total bear', 'tobe', 'to bear'];
        await happened(created(room, ann), ...texts.map((text) => said(room, ann, text)));
        expect((await found(ann, 'to be')).sort()).toEqual(['to be', 'to bear']);
        expect((await found(ann, 'b')).sort()).toEqual(['to be', 'to bear', 'total bear']);
      });

      it('put names and titles before texts', async () => {
        const [word, viewerId] = [fresh(), newEventId()];
        const [first, second, third] = ids();
        await happened(
          user(first, 'somebody', { bio: `likes ${word}` }),
          user(second, `${word}ish`),
          user(third, word),
        );
        const { hits } = await search({ viewerId, query: word, kinds: ['user'] });
        expect(hits.map((hit) => [hit.ids[0], hit.tier])).toEqual([
          ...[
            [third, 'head'],
            [first, 'exact'],
            [second, 'head_prefix'],
          ],
        ]);
      });
    });

    describe('what happened', () => {
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

    describe('who asks', () => {
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
          ...[
            user(ann, word, { bio: 'plain' }),
            user(bob, word, { bio: 'sure', is_verified: true }),
          ],
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
          ...[
            created(room, ann),
            said(room, ann, `m1 ${word}`, 1),
            said(room, ann, `m2 ${word}`, 2),
          ],
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
  });
}
