import { expect } from '@jest/globals';
import { laneOf, partitionOf, topicOf } from '@nova/events';
import { type Kafka, type KafkaPublisher, openKafka } from '@nova/kafka';
import { placeTopic } from '@nova/kafka/testing';
import { silentLogger } from '@nova/telemetry';
import {
  type PrivateKafkaCluster,
  privateKafkaCluster,
  stopwatch,
  type TestDatabase,
  testDatabase,
  waitFor,
} from '@nova/testkit';
import { sleep } from '@nova/time';
import { createRelay, outboxMigrations, type Relay } from '../index.ts';
import { type Flow, LaneWatch } from './lane-flow.rig.spec.ts';
import {
  aggregatesOf,
  allAtHead,
  expectTopicToHoldTheLog,
  keepAppending,
} from './relay-load.rig.spec.ts';

/** Broker that alone has the last partition. */
const LONE = 3;
const PARTITIONS = 8;
/** Brokers of the partitions: any of the first two, and the lone one. */
const PLACES = Array.from({ length: PARTITIONS }, (_, index) =>
  index === PARTITIONS - 1 ? LONE : 1 + (index % 2),
);

/** How long the load flows before anything is broken. */
const BEFORE_MS = 4000;
/** Windows that were on their way when the leader went wait for it; then its lanes are left behind. */
const NOTICED_WITHIN_MS = 3000;

/** For an event of a partition that has its leader, at any moment: some six times what a busy machine takes. */
const LONGEST_WAIT_MS = 5000;

/** Brokers that were killed take a while, on a busy machine: twice a short outage is too little. */
const LEAST_TO_DRAIN_MS = 25_000;

/** A relay on a cluster of three brokers, under load, with a topic of its own. */
export class RelayOnCluster {
  readonly type: string;
  readonly #cluster: PrivateKafkaCluster;
  readonly #test: TestDatabase;
  readonly #kafka: Kafka;
  readonly #publisher: KafkaPublisher;
  readonly #relay: Relay;
  readonly #ids: readonly string[];

  private constructor(cluster: PrivateKafkaCluster, test: TestDatabase, type: string) {
    this.type = type;
    this.#cluster = cluster;
    this.#test = test;
    this.#ids = aggregatesOf(type, 100);
    const { brokers } = cluster;
    this.#kafka = openKafka({
      brokers,
      clientId: 'cluster',
      logger: silentLogger,
      sendDeadlineMs: 3000,
    });
    this.#publisher = this.#kafka.publisher();
    this.#relay = createRelay({
      database: test.database,
      publisher: this.#publisher,
      relayId: 'cluster',
      logger: silentLogger,
    });
  }

  static async start(type: string): Promise<RelayOnCluster> {
    const [cluster, test] = await Promise.all([
      privateKafkaCluster(3),
      testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] }),
    ]);
    const made = new RelayOnCluster(cluster, test, type);
    await waitFor(
      () =>
        made.#kafka
          .admin()
          .ping()
          .then(() => true),
      {
        withinMs: 30_000,
        what: 'the cluster',
      },
    );
    // The controllers may not yet know every broker when the first answers.
    await waitFor(() => placeTopic(cluster.brokers, topicOf(type), PLACES).then(() => true), {
      withinMs: 60_000,
      what: 'the topic',
    });
    await made.#publisher.start();
    await made.#relay.start();
    return made;
  }

  /**
   * Takes the leader of one partition away for a while: its lanes wait, all others flow as before and
   * nothing of theirs is sent again; then it catches up. Tells what was stored meanwhile, how much of it
   * was of the others, what was published, and how the others flowed before and meanwhile.
   */
  async withoutOneLeader(
    forMs: number,
    everyMs: number,
  ): Promise<{
    readonly stored: number;
    readonly healthy: number;
    readonly published: number;
    readonly before: Flow;
    readonly meanwhile: Flow;
  }> {
    const sick = this.#ids.filter((id) => partitionOf(id, PARTITIONS) === PARTITIONS - 1);
    const others = this.#ids.filter((id) => !sick.includes(id));
    expect(sick.length).toBeGreaterThan(0);
    const watch = new LaneWatch(this.#test.database, new Set(others.map((id) => laneOf(id))));
    const load = keepAppending(this.#test, this.type, this.#ids, everyMs);
    const counts = () => ({
      atMs: watch.nowMs(),
      stored: load.stored(),
      published: this.#relay.status().publishedTotal,
    });
    const begin = counts();
    await sleep(BEFORE_MS);
    await this.#cluster.nodes.get(LONE)?.kill();
    const killed = counts();
    await sleep(forMs);
    expect(this.#relay.status().lanesLagging).toBeGreaterThan(0);
    const end = counts();
    await watch.stop();
    const before = watch.flow(begin.atMs, killed.atMs);
    const meanwhile = watch.flow(killed.atMs, end.atMs);
    const settled = watch.flow(killed.atMs + NOTICED_WITHIN_MS, end.atMs);
    // Before anything is judged: the next spec needs it.
    await this.#cluster.nodes.get(LONE)?.restart();
    await load.stop();
    expect(meanwhile.longestWaitMs).toBeLessThan(LONGEST_WAIT_MS);
    expect(settled.medianWaitMs).toBeLessThan(2 * before.medianWaitMs + 500);
    // What the last two seconds brought may be under way.
    expect(meanwhile.share).toBeGreaterThan(before.share * (1 - 2000 / forMs));
    await allAtHead(this.#test.database, 60_000);
    const { brokers } = this.#cluster;
    const { repeated } = await expectTopicToHoldTheLog(this.#test.database, brokers, this.type);
    expect([...repeated.keys()].filter((partition) => partition !== PARTITIONS - 1)).toEqual([]);
    const stored = end.stored - killed.stored;
    return {
      stored,
      healthy: Math.round((stored * others.length) / this.#ids.length),
      published: end.published - killed.published,
      before,
      meanwhile,
    };
  }

  /**
   * Takes all brokers away: every append is stored, and published within twice that time. Tells what was
   * stored meanwhile, and how long it took until that was published, from when the brokers had started.
   */
  async withoutKafka(
    forMs: number,
    everyMs: number,
  ): Promise<{ readonly stored: number; readonly drainedMs: number }> {
    const load = keepAppending(this.#test, this.type, this.#ids, everyMs);
    await sleep(1000);
    const nodes = [...this.#cluster.nodes.values()];
    await Promise.all(nodes.map((node) => node.kill()));
    const before = load.stored();
    await sleep(forMs);
    const stored = load.stored() - before;
    expect(stored).toBeGreaterThan(0);
    await Promise.all(nodes.map((node) => node.restart()));
    const watch = stopwatch();
    // Drained while the load goes on: all lanes come to the head of the outage's end.
    const inTimeMs = Math.max(2 * forMs, LEAST_TO_DRAIN_MS);
    await allAtHead(this.#test.database, inTimeMs + 15_000);
    const drainedMs = Math.round(watch.ms());
    expect(drainedMs).toBeLessThan(inTimeMs);
    await load.stop();
    await allAtHead(this.#test.database, 20_000);
    await expectTopicToHoldTheLog(this.#test.database, this.#cluster.brokers, this.type);
    return { stored, drainedMs };
  }

  async remove(): Promise<void> {
    await this.#relay.stop();
    await this.#publisher.stop();
    await this.#kafka.admin().close();
    await this.#test.drop();
    await this.#cluster.remove();
  }
}
