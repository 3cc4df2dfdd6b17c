import { partitionOf, topicOf } from '@nova/events';
import type { RelayContext } from './context.ts';
import type { Lane, LaneEvent } from './lane.ts';
import { outgoingRecords } from './outgoing.ts';

/** What became of a lane's events. */
export interface LaneOutcome {
  sent: number;
  /** Kafka does not take them. */
  refused: number;
  hasFailed: boolean;
}

/**
 * Sends events that were published before once more. What Kafka refuses is counted and left out:
 * the event is in the log, and nothing waits for it.
 */
export class RepublishSend {
  readonly #context: RelayContext;
  readonly #reason: string;
  readonly #outcomes = new Map<Lane, LaneOutcome>();

  constructor(context: RelayContext, reason: string) {
    this.#context = context;
    this.#reason = reason;
  }

  /** Resolves when all sends have settled, whatever came of them. */
  async send(events: readonly LaneEvent[]): Promise<void> {
    const topics = Map.groupBy(events, ({ event }) => topicOf(event.eventType));
    await Promise.all([...topics].map(([topic, ofTopic]) => this.#sendTopic(topic, ofTopic)));
  }

  outcomeOf(lane: Lane): LaneOutcome {
    const known = this.#outcomes.get(lane);
    if (known !== undefined) return known;
    const outcome = { sent: 0, refused: 0, hasFailed: false };
    this.#outcomes.set(lane, outcome);
    return outcome;
  }

  /** Whether nothing has failed. */
  isWhole(): boolean {
    return [...this.#outcomes.values()].every(({ hasFailed }) => !hasFailed);
  }

  async #sendTopic(topic: string, events: readonly LaneEvent[]): Promise<void> {
    try {
      const partitions = await this.#context.publisher.partitionsOf(topic);
      const batches = Map.groupBy(events, ({ event }) =>
        partitionOf(event.aggregateId, partitions),
      );
      await Promise.all(
        [...batches].map(([partition, batch]) => this.#sendBatch(topic, partition, batch)),
      );
    } catch (thrown) {
      this.#failed(events, thrown);
    }
  }

  async #sendBatch(topic: string, partition: number, batch: readonly LaneEvent[]): Promise<void> {
    const { publisher, table } = this.#context;
    let left = batch;
    while (left.length > 0) {
      if (left.some(({ lane }) => !table.hasLease(lane))) {
        return this.#failed(left, new TypeError('a lane is no longer held'));
      }
      const events = left.map(({ event }) => event);
      const records = outgoingRecords(events, topic, partition, Promise.resolve(), this.#reason);
      try {
        await publisher.publish({ topic, partition, records });
        return this.#sent(left);
      } catch (thrown) {
        const refused = publisher.refusalIn(thrown);
        const found = refused === undefined ? undefined : left[refused.index];
        if (refused === undefined || found === undefined) return this.#failed(left, thrown);
        this.#sent(left.slice(0, refused.index));
        this.outcomeOf(found.lane).refused += 1;
        left = left.slice(refused.index + 1);
      }
    }
  }

  #sent(events: readonly LaneEvent[]): void {
    for (const { lane } of events) this.outcomeOf(lane).sent += 1;
  }

  #failed(events: readonly LaneEvent[], thrown: unknown): void {
    this.#context.meters.failed(thrown);
    for (const { lane } of events) this.outcomeOf(lane).hasFailed = true;
  }
}
