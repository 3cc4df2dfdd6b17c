import { interleave } from '../harness/rounds.ts';
import type { Scenario, Target } from '../harness/scenario.ts';
import type { Driver } from '../roles/relay.ts';
import { DRIVERS, Drains, drainMetrics } from './drain.ts';

/** What the peer is called in figures. */
export const DEBEZIUM = 'Debezium 3.7.0, tuned';

type Limits = Readonly<
  Record<'rate' | 'cpu' | 'rss', { readonly floor: number; readonly aim?: number }>
>;

const LIMITS: Readonly<Record<Driver, Limits>> = {
  kafkajs: {
    rate: { floor: 1, aim: 1.1 },
    cpu: { floor: 0.5 },
    rss: { floor: 0.5, aim: 0.33 },
  },
  platformatic: {
    rate: { floor: 2, aim: 3 },
    cpu: { floor: 0.2 },
    rss: { floor: 0.5, aim: 0.33 },
  },
};
const TITLES = { rate: 'rate', cpu: 'own CPU', rss: 'memory' } as const;
const METRICS = ['rate', 'cpu', 'rss'] as const;

/** W2: a backlog goes out, by nova and by Debezium. */
export const w2: Scenario = {
  name: 'w2',
  question: 'How fast does a backlog drain, and what does it cost, against Debezium?',
  notes: [
    'Only with `--with debezium`. Kafka Connect, standalone, with the outbox event router: max.batch.size 8192, max.queue.size 32768, poll.interval.ms 10, linger.ms 5, batch.size 262144, offset.flush.interval.ms 1000, no compression, acks of all, idempotent, -Xmx512m. Its rows were inserted 500 a transaction, before it starts, into a PostgreSQL of the same kind with wal_level logical.',
    'Rates are those of the last nine tenths, as in w1; what Debezium has published is seen from the ends of the topics, every 50 ms. From its start holds the start of Java and of Connect, and so do the figures of PostgreSQL and the broker; its own CPU does not: it counts from the first record on, scaled to all. What Java compiles is in it, so that small backlogs say little: 200,000 are the default. Memory is the most that the process ever had.',
  ],
  metrics: drainMetrics,
  targets: DRIVERS.flatMap((driver) =>
    METRICS.map(
      (metric): Target => ({
        what: `${TITLES[metric]} with ${driver} against Debezium`,
        ...{ metric, of: `nova, ${driver}`, against: DEBEZIUM, with: 'debezium' },
        ...LIMITS[driver][metric],
      }),
    ),
  ),
  run(stage) {
    const { events, with: peers = [] } = stage.sizes;
    if (!peers.includes('debezium')) {
      stage.say('left out: only --with debezium');
      return Promise.resolve([]);
    }
    const drains = new Drains(stage);
    const workload = { events, aggregates: 10_000 };
    return interleave(stage, drainMetrics, [
      ...DRIVERS.map((driver) => drains.relay(`nova, ${driver}`, driver, workload)),
      drains.debezium(DEBEZIUM, workload),
    ]);
  },
};
