import { partitionOf, type StoredEvent, topicOf } from '@nova/events';
import {
  applyEvent,
  decodeEvent,
  planEvent,
  type RowName,
  RowSet,
  type ViewTable,
} from '@nova/projection';
import { activityView } from '../../../examples/activity-counter/src/views/activity_view/activity-view.ts';
import { byAggregate, type Delivery } from '../../../libs/consumer/src/delivery.ts';
import { merge } from '../../../libs/consumer/src/fill.ts';
import { HoldingPen } from '../../../libs/consumer/src/holding-pen.ts';
import { Intake } from '../../../libs/consumer/src/intake.ts';
import { guardOrder } from '../../../libs/consumer/src/order-guard.ts';
import type { HeldBack } from '../../../libs/consumer/src/round.ts';
import { schemasOf } from '../../../libs/consumer/src/schemas.ts';
import type { SimulatedTopics } from './topics.ts';
import type { Row, ViewStore } from './view-store.ts';

const HOLD_MS = 200;
const GRACE_MS = 30;
const BATCH = 7;

/** The view of a simulation. */
export const table: ViewTable = {
  view: activityView,
  columns: ['conversation_id', 'messages', 'members_added', 'last_active_at'].map((name) => ({
    name,
    type: 'text',
  })),
  sql: { read: '', write: '', copy: '', remove: '', removeAggregates: '' },
};
const schemas = schemasOf({ views: [activityView], effects: [] });
const SUBSCRIBED = new Set(activityView.handlers.keys());

/** What becomes of a commit. */
export type CommitFate = 'commits' | 'fails' | 'commits, and the answer is lost';

/**
 * A member of a group: intake, order guard, holding pen and folds as they are in libs/consumer, over
 * topics, a log and a store in memory. The transaction of a round is one step of the store.
 */
export class Member {
  readonly #topics: SimulatedTopics;
  readonly #log: readonly StoredEvent[];
  readonly #store: ViewStore;
  readonly #intake = new Intake();
  readonly #pen = new HoldingPen(HOLD_MS, GRACE_MS);
  /** How many records of each partition were delivered. */
  readonly #delivered = new Map<string, number>();
  #gathered: { readonly deliveries: Delivery[]; readonly due: ReadonlySet<string> } | undefined;

  constructor(topics: SimulatedTopics, log: readonly StoredEvent[], store: ViewStore) {
    this.#topics = topics;
    this.#log = log;
    this.#store = store;
  }

  /** These partition numbers and no others are its own from now on; it begins at stored offsets. */
  assign(numbers: ReadonlySet<number>): void {
    this.#intake.revoke(this.#intake.partitions());
    this.#pen.dropRevoked();
    this.#delivered.clear();
    this.#gathered = undefined;
    for (const eventType of SUBSCRIBED) {
      for (const partition of numbers) {
        const place = { topic: topicOf(eventType), partition };
        const stored = this.#store.offsetOf(place);
        this.#intake.assign(place, stored);
        this.#delivered.set(keyOf(place), Number(stored?.offset ?? 0n));
      }
    }
  }

  /** Takes the next records of each of its partitions. */
  fetch(): void {
    for (const { topic, partition } of this.#intake.partitions()) {
      const place = { topic, partition };
      const from = this.#delivered.get(keyOf(place)) ?? 0;
      const all = this.#topics.of(place);
      const records = all.slice(from, from + BATCH);
      if (records.length === 0) continue;
      this.#delivered.set(keyOf(place), from + records.length);
      const highWatermark = BigInt(all.length);
      this.#intake.take({ ...place, generation: 1, highWatermark, records });
    }
  }

  /** Gathers a round; it is committed later, and what others do in between is seen then. */
  gather(nowMs: number): void {
    if (this.#gathered !== undefined) return;
    const due = this.#pen.due(nowMs, ({ eventType }, { event }) => {
      const partition = partitionOf(event.aggregateId, this.#topics.partitions);
      return this.#intake.get({ topic: topicOf(eventType), partition })?.isDrained() ?? true;
    });
    const { deliveries } = this.#intake.round({ events: 20, bytes: 1e6 });
    if (deliveries.length === 0 && due.size === 0) return;
    this.#gathered = { deliveries: [...deliveries, ...this.#intake.pull(due)], due };
  }

  /** One transaction; a round that fails, or whose answer is lost, is tried again. */
  commit(nowMs: number, fate: CommitFate): void {
    if (this.#gathered === undefined || fate === 'fails') return;
    const { deliveries, due } = this.#gathered;
    const fresh = deliveries.filter(({ entry }) => entry?.partition.isAssigned !== false);
    const touched = new Set([...fresh.map(({ aggregate }) => aggregate), ...due]);
    const waiting = [...touched].flatMap((aggregate) => this.#pen.deliveriesOf(aggregate));
    const shares = [...byAggregate([...waiting, ...fresh])].map(([aggregate, group]) =>
      this.#judge(aggregate, due.has(aggregate) ? this.#filled(aggregate, group) : group),
    );
    const settled = new Set(shares.flatMap((share) => share.settled));
    this.#store.commit({
      rows: this.#fold(shares.flatMap(({ apply }) => apply)),
      marks: new Map(shares.map(({ aggregate, reached }) => [aggregate, reached])),
      offsets: this.#intake.frontiers(settled),
    });
    if (fate !== 'commits') return;
    this.#gathered = undefined;
    this.#intake.settle(settled);
    this.#pen.judged(
      touched,
      shares.flatMap(({ held }) => held),
      nowMs,
    );
  }

  #judge(aggregate: string, group: readonly Delivery[]) {
    const mark = this.#store.markOf(aggregate);
    const { apply, duplicates, held, missing } = guardOrder(mark, SUBSCRIBED, group);
    const reached = apply.at(-1)?.event.aggregateVersion ?? mark;
    const back: HeldBack[] =
      missing === undefined
        ? []
        : [{ aggregate, deliveries: held, missing, appliedVersion: reached }];
    const settled = [...apply, ...duplicates].flatMap(({ entry }) => entry ?? []);
    return { aggregate, apply, reached, settled, held: back };
  }

  /** Whether it has nothing left to do. */
  isIdle(): boolean {
    const lag = this.#intake.partitions().reduce((sum, one) => sum + one.lag(), 0n);
    return this.#gathered === undefined && lag === 0n && this.#pen.size() === 0 && this.#hasAll();
  }

  #hasAll(): boolean {
    return this.#intake
      .partitions()
      .every((one) => (this.#delivered.get(keyOf(one)) ?? 0) >= this.#topics.of(one).length);
  }

  /** The rows that these deliveries leave, by the text of their key. */
  #fold(deliveries: readonly Delivery[]): Map<string, Row | undefined> {
    const rows = new RowSet();
    const written = new Map<string, RowName>();
    for (const { event } of deliveries) {
      const schema = schemas.get(event.eventType);
      if (schema === undefined) throw new Error(`no schema of ${event.eventType}`);
      const plan = planEvent([table], decodeEvent(event, schema));
      for (const { name } of plan.touches) {
        if (!rows.has(name)) rows.set(name, this.#store.rows.get(name.text));
        written.set(name.text, name);
      }
      applyEvent(rows, plan);
    }
    return new Map([...written].map(([text, name]) => [text, rows.get(name)]));
  }

  #filled(aggregate: string, group: readonly Delivery[]): readonly Delivery[] {
    const mark = this.#store.markOf(aggregate);
    if (guardOrder(mark, SUBSCRIBED, group).missing === undefined) return group;
    const late = this.#log.filter(
      ({ aggregateType, aggregateId, aggregateVersion, eventType }) =>
        `${aggregateType}/${aggregateId}` === aggregate &&
        aggregateVersion > mark &&
        SUBSCRIBED.has(eventType),
    );
    return merge(group, late);
  }
}

function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}:${partition}`;
}
