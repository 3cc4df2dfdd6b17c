import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Candidate,
  groupTopics,
  type PartitionsByTopic,
  shareOut,
  type TopicGroup,
} from './co-partitioning.ts';

const group = (name: string, partitions: number, topics: readonly string[]): TopicGroup => ({
  name,
  topics: new Map(topics.map((topic) => [topic, partitions])),
});

const NOTHING: PartitionsByTopic = new Map();

function candidates(
  groups: readonly TopicGroup[],
  ids: readonly string[],
  owned: ReadonlyMap<string, PartitionsByTopic> = new Map(),
): Candidate[] {
  const topics = new Set(groups.flatMap((one) => [...one.topics.keys()]));
  return ids.map((id) => ({ id, topics, owned: owned.get(id) ?? NOTHING }));
}

const someGroups = fc
  .array(
    fc.record({
      partitions: fc.integer({ min: 1, max: 16 }),
      size: fc.integer({ min: 1, max: 4 }),
    }),
    {
      maxLength: 6,
    },
  )
  .map((list) =>
    list.map(({ partitions, size }, index) =>
      group(
        `type${index}`,
        partitions,
        Array.from({ length: size }, (_, at) => `topic_${index}_${at}`),
      ),
    ),
  );
const someIds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 9,
});

/** How many numbers each member has of a group. */
const numbersOf = (share: PartitionsByTopic, { topics }: TopicGroup) => [
  ...new Set([...topics.keys()].flatMap((topic) => share.get(topic) ?? [])),
];

function expectEachNumberOnce(shares: readonly PartitionsByTopic[], { topics }: TopicGroup) {
  for (const [topic, partitions] of topics) {
    const given = shares.flatMap((share) => share.get(topic) ?? []);
    const all = Array.from({ length: partitions }, (_, index) => index);
    expect(given.sort((a, b) => a - b)).toEqual(all);
  }
  for (const share of shares) {
    const [first, ...others] = [...topics.keys()].map((topic) => share.get(topic));
    for (const numbers of others) expect(numbers).toEqual(first);
  }
}

function expectBalance(counts: readonly number[]) {
  if (counts.length > 0) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
}

describe('shareOut', () => {
  it('gives every partition to one member, the same numbers of all topics of a group', () => {
    fc.assert(
      fc.property(someGroups, someIds, (groups, ids) => {
        const shares = shareOut(groups, candidates(groups, ids));
        expect([...shares.keys()].sort()).toEqual([...ids].sort());
        for (const one of groups) expectEachNumberOnce([...shares.values()], one);
      }),
    );
  });

  it('balances each group, and all groups together', () => {
    fc.assert(
      fc.property(someGroups, someIds, (groups, ids) => {
        const shares = [...shareOut(groups, candidates(groups, ids)).values()];
        for (const one of groups)
          expectBalance(shares.map((share) => numbersOf(share, one).length));
        expectBalance(
          shares.map((share) => groups.reduce((sum, one) => sum + numbersOf(share, one).length, 0)),
        );
      }),
    );
  });

  it('changes nothing when the same members join again, in whatever order', () => {
    fc.assert(
      fc.property(someGroups, someIds, someIds, (groups, ids, earlier) => {
        const before = shareOut(groups, candidates(groups, earlier));
        const first = shareOut(groups, candidates(groups, ids, before));
        const again = shareOut(
          [...groups].reverse(),
          candidates(groups, [...ids].reverse(), first),
        );
        for (const [id, share] of first) {
          expect([...(again.get(id) ?? [])].sort()).toEqual([...share].sort());
        }
      }),
    );
  });

  it('moves of a group only what a newcomer gets, and what a leaver had', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), someIds, (partitions, ids) => {
        const groups = [group('message', partitions, ['a', 'b'])];
        const [newcomer, ...others] = ids;
        if (newcomer === undefined || others.length === 0) return;
        const before = shareOut(groups, candidates(groups, others));
        const joined = shareOut(groups, candidates(groups, ids, before));
        const left = shareOut(groups, candidates(groups, others, joined));
        for (const id of others) {
          const had = before.get(id)?.get('a') ?? [];
          const kept = joined.get(id)?.get('a') ?? [];
          expect(had).toEqual(expect.arrayContaining([...kept]));
          expect(left.get(id)?.get('a') ?? []).toEqual(expect.arrayContaining([...kept]));
        }
      }),
    );
  });

  it('gives a partition that two members claim to one of them', () => {
    const groups = [group('message', 2, ['a'])];
    const claim = new Map([['a', [0, 1]]]);
    const owned = new Map([
      ['m1', claim],
      ['m2', claim],
    ]);
    const shares = shareOut(groups, candidates(groups, ['m1', 'm2'], owned));
    expect(shares).toEqual(
      new Map([
        ['m1', new Map([['a', [0]]])],
        ['m2', new Map([['a', [1]]])],
      ]),
    );
  });

  it('gives topics only to members that subscribe to all of their group', () => {
    const groups = [group('message', 4, ['a', 'b'])];
    const shares = shareOut(groups, [
      { id: 'm1', topics: new Set(['a']), owned: NOTHING },
      { id: 'm2', topics: new Set(['a', 'b']), owned: NOTHING },
    ]);
    expect(shares.get('m1')).toEqual(new Map());
    expect(shares.get('m2')?.get('a')).toEqual([0, 1, 2, 3]);
  });
});

describe('groupTopics', () => {
  it('keeps the topics of an aggregate type together, and unknown ones by their partitions', () => {
    const counts = new Map([
      ['message_created', 8],
      ['foreign', 4],
      ['message_edited', 8],
      ['other', 4],
    ]);
    const groups = groupTopics(counts, (topic) =>
      topic.startsWith('message') ? 'message' : undefined,
    );
    expect(groups.map(({ topics }) => [...topics.keys()])).toEqual([
      ['message_created', 'message_edited'],
      ['foreign', 'other'],
    ]);
  });
});
