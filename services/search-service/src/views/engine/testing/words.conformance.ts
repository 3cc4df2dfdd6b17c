import { beforeAll, describe, expect, it } from '@jest/globals';
import { newEventId } from '@nova/events';
import { created, type EngineBench, fresh, ids, said, textsOf, user } from './engine-bench.ts';

const TEXTS = [
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

/** What counts as a word, in all scripts. */
export function wordsConformance({ happened, found }: EngineBench): void {
  describe('words', () => {
    const [ann, room] = ids();
    beforeAll(() => happened(created(room, ann), ...TEXTS.map((text) => said(room, ann, text))));

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
      ['04 get 12 conf apt xorg install', 8],
      ['🎉', 9],
      ['strasse', 10],
    ])('finds %j', async (query, index) => {
      expect(await found(ann, query, { exactOnly: true })).toEqual([TEXTS[index]]);
    });

    it.each(['東方', '京東', '昨日猫', 'install xorg conf apt get zz', 'panic käse', '🎈', 'конь'])(
      'does not find %j',
      async (query) => {
        expect(await found(ann, query)).toEqual([]);
      },
    );
  });
}

/** How well a document matches. */
export function tiersConformance({ happened, search, found }: EngineBench): void {
  describe('tiers', () => {
    it('give exact matches first, then beginnings, then mistyped words, each newest first', async () => {
      const [ann, room] = ids();
      const texts = ['kernel', 'kernels', 'kermel', 'a kernel', 'kernelspace', 'kernle', 'kernal'];
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
  });
}

/** Names and titles count more. */
export function headsConformance({ happened, search }: EngineBench): void {
  describe('names and titles', () => {
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
}
