/** Topics that are shared out together, with their numbers of partitions. */
export interface TopicGroup {
  readonly name: string;
  readonly topics: ReadonlyMap<string, number>;
}

/** Partition numbers by topic. */
export type PartitionsByTopic = ReadonlyMap<string, readonly number[]>;

/** A member that wants partitions. */
export interface Candidate {
  readonly id: string;
  readonly topics: ReadonlySet<string>;
  /** What it had until now: it keeps as much of it as balance allows. */
  readonly owned: PartitionsByTopic;
}

/**
 * Groups topics by aggregate type. Topics of an unknown aggregate type stay together where they
 * have the same number of partitions, because types of one aggregate do.
 */
export function groupTopics(
  counts: ReadonlyMap<string, number>,
  aggregateTypeOf: (topic: string) => string | undefined,
): TopicGroup[] {
  const groups = new Map<string, Map<string, number>>();
  for (const [topic, partitions] of counts) {
    const name = aggregateTypeOf(topic) ?? `${partitions} partitions`;
    const topics = groups.get(name) ?? new Map<string, number>();
    groups.set(name, topics.set(topic, partitions));
  }
  return [...groups].map(([name, topics]) => ({ name, topics }));
}

/**
 * Shares partitions out: each number of a group goes to one member, for all topics of the group.
 * Of every group, and of all groups together, no member gets two numbers more than another one with
 * the same subscription; members keep what they had where that allows it. Depends on nothing but
 * its arguments, and not on their order.
 */
export function shareOut(
  groups: readonly TopicGroup[],
  candidates: readonly Candidate[],
): Map<string, Map<string, readonly number[]>> {
  const members = [...candidates].sort((a, b) => compare(a.id, b.id));
  const loads = new Map(members.map(({ id }) => [id, 0]));
  const shares = new Map(members.map(({ id }) => [id, new Map<string, readonly number[]>()]));
  for (const group of [...groups].sort((a, b) => compare(a.name, b.name))) {
    // A member that lacks one of the topics would leave its partitions unread.
    const takers = members.filter(({ topics }) =>
      [...group.topics.keys()].every((topic) => topics.has(topic)),
    );
    for (const [id, numbers] of shareGroup(group, takers, loads)) {
      loads.set(id, (loads.get(id) ?? 0) + numbers.length);
      for (const [topic, partitions] of group.topics) {
        const ofTopic = numbers.filter((number) => number < partitions);
        if (ofTopic.length > 0) shares.get(id)?.set(topic, ofTopic);
      }
    }
  }
  return shares;
}

function shareGroup(
  group: TopicGroup,
  takers: readonly Candidate[],
  loads: ReadonlyMap<string, number>,
): Map<string, number[]> {
  const partitions = Math.max(0, ...group.topics.values());
  const claims = claimsOf(group, takers, partitions);
  const claimed = (id: string) => claims.get(id)?.length ?? 0;
  const byNeed = [...takers].sort(
    (a, b) =>
      (loads.get(a.id) ?? 0) - (loads.get(b.id) ?? 0) ||
      claimed(b.id) - claimed(a.id) ||
      compare(a.id, b.id),
  );
  const least = Math.floor(partitions / Math.max(1, takers.length));
  const withOneMore = partitions - least * takers.length;
  const quotas = new Map(
    byNeed.map(({ id }, rank) => [id, rank < withOneMore ? least + 1 : least]),
  );
  const given = new Map<string, number[]>();
  for (const { id } of takers) given.set(id, (claims.get(id) ?? []).slice(0, quotas.get(id)));
  const kept = new Set([...given.values()].flat());
  const free = range(partitions).filter((number) => !kept.has(number));
  for (const [id, numbers] of given) {
    numbers.push(...free.splice(0, (quotas.get(id) ?? 0) - numbers.length));
    numbers.sort((a, b) => a - b);
  }
  return given;
}

/** The numbers that each member had. Where two claim one, as after a split, the first has it. */
function claimsOf(
  group: TopicGroup,
  takers: readonly Candidate[],
  partitions: number,
): Map<string, number[]> {
  const free = new Set(range(partitions));
  return new Map(
    takers.map(({ id, owned }) => {
      const had = [...group.topics.keys()].flatMap((topic) => owned.get(topic) ?? []);
      const numbers = had.filter((number) => free.delete(number));
      return [id, numbers.sort((a, b) => a - b)];
    }),
  );
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
