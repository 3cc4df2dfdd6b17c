import { partitionOf, topicOf } from '@nova/events';
import type { SendContext } from './context.ts';
import type { Lane, LaneEvent } from './lane.ts';
import { outgoingRecords } from './outgoing.ts';
import { parkRefused } from './park-refused.ts';

/** How a lane of a window is doing. */
export type Outcome = 'open' | 'acknowledged' | 'failed';

interface LaneProgress {
  open: number;
  hasFailed: boolean;
  readonly settled: PromiseWithResolvers<void>;
}

/**
 * The sends of one window: one batch per topic and partition, all side by side. A lane is
 * acknowledged when every batch that holds an event of it is; an aggregate whose event Kafka refuses
 * is parked, and the rest of its batch goes on.
 */
export class WindowSend {
  readonly #context: SendContext;
  readonly #lanes = new Map<Lane, LaneProgress>();
  /** The first failure, for whoever tells about it. */
  failure: unknown;
  #batches = 0;

  /**
   * Begins all sends. Leases are looked at again right before each: partition counts may have to be
   * fetched first, and a lease may end meanwhile.
   */
  constructor(context: SendContext, events: readonly LaneEvent[]) {
    this.#context = context;
    for (const { lane } of events) {
      if (this.#lanes.has(lane)) continue;
      this.#lanes.set(lane, { open: 0, hasFailed: false, settled: Promise.withResolvers() });
    }
    const topics = Map.groupBy(events, ({ event }) => topicOf(event.eventType));
    for (const [topic, ofTopic] of topics) {
      void this.#track(ofTopic, () => this.#sendTopic(topic, ofTopic));
    }
  }

  /** Lanes that have events in this window. */
  lanes(): readonly Lane[] {
    return [...this.#lanes.keys()];
  }

  /** Whether more than one partition is concerned; where that is not yet known, more than one lane. */
  isSpread(): boolean {
    return (this.#batches > 0 ? this.#batches : this.#lanes.size) > 1;
  }

  outcomeOf(lane: Lane): Outcome {
    const progress = this.#lanes.get(lane);
    if (progress === undefined) return 'acknowledged';
    if (progress.open > 0) return 'open';
    return progress.hasFailed ? 'failed' : 'acknowledged';
  }

  /** Resolves when nothing of this lane is in work any more. */
  settled(lane: Lane): Promise<void> {
    return this.#lanes.get(lane)?.settled.promise ?? Promise.resolve();
  }

  /** Resolves when nothing of this window is in work any more. */
  async allSettled(): Promise<void> {
    await Promise.all(this.lanes().map((lane) => this.settled(lane)));
  }

  async #sendTopic(topic: string, events: readonly LaneEvent[]): Promise<void> {
    const partitions = await this.#context.publisher.partitionsOf(topic);
    const batches = Map.groupBy(events, ({ event }) => partitionOf(event.aggregateId, partitions));
    this.#batches += batches.size;
    for (const [partition, batch] of batches) {
      void this.#track(batch, () => this.#sendBatch(topic, partition, batch));
    }
  }

  async #sendBatch(topic: string, partition: number, batch: readonly LaneEvent[]): Promise<void> {
    let left = this.#sendable(batch);
    while (left.length > 0) left = this.#sendable(await this.#publish(topic, partition, left));
  }

  // What follows a parked event waits in the log. The clock is asked once for each lane: one whose
  // events are left out must be marked as failed, or it would move past them.
  #sendable(batch: readonly LaneEvent[]): readonly LaneEvent[] {
    const { table } = this.#context;
    const lanes = new Set(batch.map(({ lane }) => lane));
    const held = new Set([...lanes].filter((lane) => table.hasLease(lane)));
    for (const lane of lanes) if (!held.has(lane)) this.#fail(lane);
    return batch.filter(({ lane, event }) => held.has(lane) && !lane.parked.holds(event));
  }

  // Resolves with what is not yet sent, after the aggregate that kept it back was parked.
  async #publish(
    topic: string,
    partition: number,
    batch: readonly LaneEvent[],
  ): Promise<readonly LaneEvent[]> {
    const { publisher } = this.#context;
    const sent = Promise.withResolvers<void>();
    sent.promise.catch(() => {});
    const events = batch.map(({ event }) => event);
    const records = outgoingRecords(events, topic, partition, sent.promise);
    try {
      await publisher.publish({ topic, partition, records });
      sent.resolve();
      return [];
    } catch (thrown) {
      sent.reject(thrown);
      const refused = publisher.refusalIn(thrown);
      const found = refused === undefined ? undefined : batch[refused.index];
      if (refused === undefined || found === undefined) throw thrown;
      if (!(await parkRefused(this.#context, found, refused))) throw thrown;
      return batch.slice(refused.index);
    }
  }

  // Keeps the lanes of `events` open while `work` runs, and marks them when it fails.
  async #track(events: readonly LaneEvent[], work: () => Promise<void>): Promise<void> {
    const lanes = new Set(events.map(({ lane }) => lane));
    for (const lane of lanes) this.#change(lane, 1);
    try {
      await work();
    } catch (thrown) {
      this.failure ??= thrown;
      for (const lane of lanes) this.#fail(lane);
    }
    for (const lane of lanes) this.#change(lane, -1);
  }

  #fail(lane: Lane): void {
    const progress = this.#lanes.get(lane);
    if (progress !== undefined) progress.hasFailed = true;
  }

  #change(lane: Lane, by: number): void {
    const progress = this.#lanes.get(lane);
    if (progress === undefined) return;
    progress.open += by;
    if (progress.open === 0) progress.settled.resolve();
  }
}
