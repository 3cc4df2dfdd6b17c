import { setting } from '@nova/config';

/** How a consumer paces itself. */
export interface ConsumerSettings {
  readonly roundEvents: number;
  readonly roundBytes: number;
  readonly gatherMs: number;
  readonly holdMs: number;
  readonly heldPerPartition: number;
  readonly bufferEvents: number;
  readonly bufferBytes: number;
  readonly catchUpLag: number;
  readonly tailIntervalMs: number;
  readonly tailGraceMs: number;
  readonly stallMs: number;
  readonly effectsFrom: 'head' | 'beginning';
  readonly rebuild: boolean;
  readonly version: string;
  readonly parkedPerAggregate: number;
  readonly parkedTotal: number;
  readonly deaths: number;
}

/** The defaults of the settings below. */
export const consumerDefaults: ConsumerSettings = {
  roundEvents: 8000,
  roundBytes: 4 * 1024 * 1024,
  gatherMs: 15,
  holdMs: 200,
  heldPerPartition: 1000,
  bufferEvents: 16_000,
  bufferBytes: 32 * 1024 * 1024,
  catchUpLag: 10_000,
  tailIntervalMs: 60_000,
  tailGraceMs: 30_000,
  stallMs: 60_000,
  effectsFrom: 'head',
  rebuild: false,
  version: 'unversioned',
  parkedPerAggregate: 10_000,
  parkedTotal: 100_000,
  deaths: 3,
};

/** Settings of consumers, `NOVA_CONSUMER_…`; their values are `ConsumerSettings`. */
export const consumerSettings = {
  roundEvents: setting.integer({
    env: 'NOVA_CONSUMER_ROUND_EVENTS',
    doc: 'Most events that are applied in one transaction: of a backlog as many as take 300 ms, from the log at most 1000.',
    default: consumerDefaults.roundEvents,
    min: 1,
    max: 10_000,
  }),
  roundBytes: setting.integer({
    env: 'NOVA_CONSUMER_ROUND_BYTES',
    doc: 'Most bytes of payload that are applied in one transaction.',
    default: consumerDefaults.roundBytes,
    min: 1024,
    max: 64 * 1024 * 1024,
  }),
  gatherMs: setting.integer({
    env: 'NOVA_CONSUMER_GATHER_MS',
    doc: 'Least time between the beginnings of two rounds under load, so that one event is not one transaction.',
    default: consumerDefaults.gatherMs,
    min: 0,
    max: 1000,
  }),
  holdMs: setting.integer({
    env: 'NOVA_CONSUMER_HOLD_MS',
    doc: 'Longest wait for an earlier event of the same aggregate before it is read from the log.',
    default: consumerDefaults.holdMs,
    min: 0,
    max: 10_000,
  }),
  heldPerPartition: setting.integer({
    env: 'NOVA_CONSUMER_HELD_PER_PARTITION',
    doc: 'A partition pauses while so many of its deliveries wait for earlier events.',
    default: consumerDefaults.heldPerPartition,
    min: 1,
    max: 100_000,
  }),
  bufferEvents: setting.integer({
    env: 'NOVA_CONSUMER_BUFFER_EVENTS',
    doc: 'Deliveries in memory above which partitions pause.',
    default: consumerDefaults.bufferEvents,
    min: 1,
    max: 1_000_000,
  }),
  bufferBytes: setting.integer({
    env: 'NOVA_CONSUMER_BUFFER_BYTES',
    doc: 'Bytes of payload in memory above which partitions pause.',
    default: consumerDefaults.bufferBytes,
    min: 1024,
    max: 1024 * 1024 * 1024,
  }),
  catchUpLag: setting.integer({
    env: 'NOVA_CONSUMER_CATCH_UP_LAG',
    doc: 'Records behind, when partitions are assigned, above which the log is read instead of Kafka.',
    default: consumerDefaults.catchUpLag,
    min: 0,
    max: 1_000_000_000,
  }),
  tailIntervalMs: setting.integer({
    env: 'NOVA_CONSUMER_TAIL_INTERVAL_MS',
    doc: 'How often the log is compared with what was applied, to find what Kafka lost.',
    default: consumerDefaults.tailIntervalMs,
    min: 100,
    max: 3_600_000,
  }),
  tailGraceMs: setting.integer({
    env: 'NOVA_CONSUMER_TAIL_GRACE_MS',
    doc: 'How long after the relay an event may arrive before it counts as lost.',
    default: consumerDefaults.tailGraceMs,
    min: 0,
    max: 3_600_000,
  }),
  stallMs: setting.integer({
    env: 'NOVA_CONSUMER_STALL_MS',
    doc: 'Time with lag and without progress after which the connection to Kafka is made anew.',
    default: consumerDefaults.stallMs,
    min: 1000,
    max: 3_600_000,
  }),
  effectsFrom: setting.choice({
    env: 'NOVA_CONSUMER_EFFECTS_FROM',
    doc: 'Where the log begins to have effects when a consumer is registered for the first time.',
    choices: ['head', 'beginning'],
    default: consumerDefaults.effectsFrom,
  }),
  rebuild: setting.boolean({
    env: 'NOVA_CONSUMER_REBUILD',
    doc: 'Makes views anew from the log at start when they or their event types have changed.',
    default: consumerDefaults.rebuild,
  }),
  version: setting.string({
    env: 'NOVA_CONSUMER_VERSION',
    doc: 'Version of the service, a tag or a commit, that is written down with failures.',
    default: consumerDefaults.version,
  }),
  parkedPerAggregate: setting.integer({
    env: 'NOVA_CONSUMER_PARKED_PER_AGGREGATE',
    doc: 'Events of one aggregate that may be parked; then its partitions stand still.',
    default: consumerDefaults.parkedPerAggregate,
    min: 1,
    max: 1_000_000,
  }),
  parkedTotal: setting.integer({
    env: 'NOVA_CONSUMER_PARKED_TOTAL',
    doc: 'Events that may be parked in all; then partitions with more of them stand still.',
    default: consumerDefaults.parkedTotal,
    min: 1,
    max: 10_000_000,
  }),
  deaths: setting.integer({
    env: 'NOVA_CONSUMER_DEATHS',
    doc: 'Deaths of the process over one event after which it is parked as process_death.',
    default: consumerDefaults.deaths,
    min: 1,
    max: 100,
  }),
};
