import { interleave } from '../harness/rounds.ts';
import type { Scenario } from '../harness/scenario.ts';
import { DRIVERS, Drains, drainMetrics } from './drain.ts';

/** The documented loop gets this part of the backlog: it is judged by its rate all the same. */
const LOOP_SHARE = 1 / 40;
/** pg-transactional-outbox gets this part, for the same reason. */
const OUTBOX_SHARE = 1 / 200;
const AGGREGATES = 10_000;
const LOOP = "specification's loop";
const OUTBOX = 'pg-transactional-outbox 0.5.7';
const BATCHED = 'SKIP LOCKED, batches of 500';

const against = (driver: string, loop: readonly number[], batched: readonly number[]) => [
  {
    what: `rate with ${driver} against the specification's loop`,
    metric: 'rate',
    of: `nova, ${driver}`,
    against: LOOP,
    floor: loop[0] ?? 0,
    aim: loop[1] ?? 0,
  },
  {
    what: `rate with ${driver} against batches of 500`,
    metric: 'rate',
    of: `nova, ${driver}`,
    against: BATCHED,
    floor: batched[0] ?? 0,
    aim: batched[1] ?? 0,
  },
  {
    what: `PostgreSQL CPU with ${driver} against batches of 500`,
    metric: 'postgresCpu',
    of: `nova, ${driver}`,
    against: BATCHED,
    floor: 0.4,
  },
  {
    what: `WAL with ${driver} against batches of 500`,
    metric: 'wal',
    of: `nova, ${driver}`,
    against: BATCHED,
    floor: 0.01,
  },
];

/** W1: a backlog goes out. */
export const w1: Scenario = {
  name: 'w1',
  question: 'How fast does a backlog drain, and what does it cost, against loops over a table?',
  notes: [
    'One relay process, 512-byte payloads, 6 topics of 8 partitions, acks of all, idempotent.',
    'Rates are those of the last nine tenths: Node compiles during the first.',
    `The specification's loop gets a fortieth of the backlog, pg-transactional-outbox a two-hundredth.`,
    'pg-transactional-outbox: its replication mode with its defaults, on another PostgreSQL of the same kind with wal_level logical; its handler sends with the producer of the loops.',
  ],
  metrics: drainMetrics,
  targets: [
    ...against('kafkajs', [20, 40], [1, 1.1]),
    ...against('platformatic', [45, 90], [2, 3]),
  ],
  run(stage) {
    const drains = new Drains(stage);
    const { events } = stage.sizes;
    const whole = { events, aggregates: AGGREGATES };
    const part = (share: number) => ({
      ...whole,
      events: Math.max(100, Math.round(events * share)),
    });
    return interleave(stage, drainMetrics, [
      ...DRIVERS.map((driver) => drains.relay(`nova, ${driver}`, driver, whole)),
      drains.peer(LOOP, 'documented', part(LOOP_SHARE)),
      drains.peer(BATCHED, 'batched', whole),
      drains.transactionalOutbox(OUTBOX, part(OUTBOX_SHARE)),
    ]);
  },
};
