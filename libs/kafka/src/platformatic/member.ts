import { messageOf } from '@nova/errors';
import { sleep, systemClock, withDeadline } from '@nova/time';
import { Consumer, type GroupPartitionsAssigner } from '@platformatic/kafka';
import { type MemberEvents, type MemberSession, type Membership, memberTimes } from '../driver.ts';
import { brokerErrorType } from '../driver-error.ts';
import type { CompleteOptions } from '../options.ts';
import { decodeOwned, encodeOwned } from '../owned-partitions.ts';
import type { TopicPartition } from '../seam.ts';
import { ASSIGNMENT, shareTopics } from '../share-topics.ts';
import { clientOptions, cutClient } from './client.ts';
import { Fetcher } from './fetcher.ts';

const COMMIT_ATTEMPTS = 4;
const COMMIT_PAUSE_MS = 100;
/** What a coordinator says to one that is no longer a member, or not of this generation. */
const REFUSED_COMMITS = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
]);

/**
 * A member of a group over @platformatic/kafka, in the classic protocol. Three consumers of the client,
 * each on connections of its own: one is the member of the group, one only fetches and one only
 * commits, both without retries. Guards against the client:
 *
 * - its streams cannot seek and end after a few failures: partitions are fetched by our own
 *   `Fetcher`, which stays in the group whatever one partition does;
 * - a commit that is refused joins the group anew and then commits as the new member what may be
 *   another one's by now: commits go through the consumer that never joins;
 * - a broker answers the requests of a connection one by one: a fetch that waits for records would
 *   hold up heartbeats and commits on the same one;
 * - the event `error` ends a process that does not listen to it;
 * - a member that the group gave up says nothing of it until it has joined anew.
 */
export class PlatformaticMember implements MemberSession {
  readonly over: Promise<unknown>;
  readonly #group: Consumer;
  readonly #reader: Consumer;
  readonly #committer: Consumer;
  readonly #fetcher: Fetcher;
  readonly #events: MemberEvents;
  readonly #topics: readonly string[];
  readonly #end: (reason: unknown) => void;
  readonly #watch: NodeJS.Timeout;
  #joining: Promise<unknown> = Promise.resolve();
  #heardAtMs = systemClock.monotonicMs();

  constructor(options: CompleteOptions, membership: Membership, events: MemberEvents) {
    this.#events = events;
    this.#topics = membership.topics;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.over = promise;
    this.#end = resolve;
    const { groupId, topics } = membership;
    const common = { ...clientOptions(options, memberTimes.requestTimeoutMs), groupId };
    this.#group = new Consumer({
      ...common,
      autocommit: false,
      sessionTimeout: memberTimes.sessionTimeoutMs,
      rebalanceTimeout: memberTimes.rebalanceTimeoutMs,
      heartbeatInterval: memberTimes.heartbeatMs,
      protocols: [{ ...ASSIGNMENT }],
      protocolsMetadata: () => encodeOwned(membership.owned()),
      partitionAssigner: shareOutMembers,
    });
    this.#reader = new Consumer({ ...common, autocommit: false, retries: 0 });
    this.#committer = new Consumer({ ...common, autocommit: false, retries: 0 });
    for (const consumer of this.#all()) consumer.topics.trackAll(...topics);
    this.#fetcher = new Fetcher(this.#reader, topics, {
      ...events,
      rebalancing: () => this.#rebalancing(),
      isMember: () => this.#group.memberId !== null,
      fail: this.#end,
      logger: options.logger,
    });
    this.#listen();
    this.#watch = setInterval(() => {
      if (this.silentMs() > memberTimes.silentMs) {
        this.#end(new Error('no heartbeat was answered for 30 s'));
      }
    }, 1000);
  }

  async begin(connectDeadlineMs: number): Promise<void> {
    const connected = this.#group.metadata({ topics: [...this.#topics] });
    await withDeadline(connected, connectDeadlineMs + memberTimes.connectSlackMs, 'connecting');
    this.#joining = this.#group.joinGroup({});
    this.#joining.catch(this.#end);
  }

  silentMs(): number {
    return systemClock.monotonicMs() - this.#heardAtMs;
  }

  seek(partition: TopicPartition, offset: bigint): void {
    this.#fetcher.seek(partition, offset);
  }

  setFetching(partition: TopicPartition, isWanted: boolean): void {
    this.#fetcher.setFetching(partition, isWanted);
  }

  async commit(offsets: Iterable<readonly [TopicPartition, bigint]>): Promise<void> {
    const request = {
      offsets: [...offsets].map(([{ topic, partition }, offset]) => ({
        topic,
        partition,
        offset,
        leaderEpoch: -1,
      })),
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#committer.commit(request);
      } catch (thrown) {
        // It does not try again by itself, and forgets a coordinator that has moved only then.
        const isOfGroup = REFUSED_COMMITS.has(brokerErrorType(thrown) ?? '');
        if (isOfGroup || attempt >= COMMIT_ATTEMPTS) throw thrown;
        await sleep(COMMIT_PAUSE_MS);
      }
    }
  }

  async close(deadlineMs: number): Promise<void> {
    clearInterval(this.#watch);
    this.#end(undefined);
    this.#fetcher.end();
    // Leaving while it joins would leave a member behind that nobody is.
    const left = this.#joining.catch(() => {}).then(() => this.#group.close(true));
    await withDeadline(left, deadlineMs, 'leaving the group').catch(() => {});
    for (const consumer of this.#all()) {
      cutClient(consumer, () => consumer.close(true));
    }
  }

  #listen(): void {
    const heard = () => {
      this.#heardAtMs = systemClock.monotonicMs();
    };
    this.#group.on('consumer:heartbeat:end', heard);
    this.#group.on('consumer:group:join', ({ memberId, generationId = -1, assignments = [] }) => {
      heard();
      this.#committer.memberId = memberId;
      this.#committer.generationId = generationId;
      const assigned = assignments.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      this.#quietly(() => {
        this.#fetcher.assign(assigned);
        this.#events.joined(assigned);
      });
    });
    this.#group.on('consumer:group:rebalance', () => this.#rebalancing());
    for (const consumer of this.#all()) consumer.on('error', this.#end);
  }

  #all(): readonly Consumer[] {
    return [this.#group, this.#reader, this.#committer];
  }

  #rebalancing(): void {
    this.#fetcher.assign([]);
    this.#quietly(() => this.#events.rebalancing());
  }

  // A fault of ours must not run into the client.
  #quietly(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.#end(new Error(`handling an event failed: ${messageOf(thrown)}`, { cause: thrown }));
    }
  }
}

/** Shares partitions by `shareTopics`, in the shape of the client. */
const shareOutMembers: GroupPartitionsAssigner = (_self, members, _topics, metadata) => {
  const counts = new Map(
    [...metadata.topics].map(([topic, { partitionsCount }]) => [topic, partitionsCount]),
  );
  const shares = shareTopics(
    counts,
    [...members.values()].map((member) => ({
      id: member.memberId,
      topics: new Set(member.topics ?? []),
      owned: decodeOwned(Buffer.from(member.metadata ?? '')),
    })),
  );
  return [...shares].map(([memberId, share]) => ({
    memberId,
    assignments: new Map(
      [...share].map(([topic, partitions]) => [topic, { topic, partitions: [...partitions] }]),
    ),
  }));
};
