import { interleave } from '../harness/rounds.ts';
import type { Scenario } from '../harness/scenario.ts';
import { DRIVERS, Drains, drainMetrics } from './drain.ts';
import { perfTool } from './perf-tool.ts';

const target = (driver: string, floor: number, aim: number) => ({
  what: `rate with ${driver} against the same client from memory`,
  metric: 'fromStart',
  of: `nova, ${driver}`,
  against: `from memory, ${driver}`,
  floor,
  aim,
});

/** W1b: what is left to gain. */
export const w1b: Scenario = {
  name: 'w1b',
  question: 'How much slower is the relay than its Kafka client, sending the same from memory?',
  notes: [
    'From memory: records with headers made ready before, each partition sends 1,000 at a time, one send in work; the most that this client does. All partitions are acknowledged at about the same time, so what counts is the rate from the start.',
    "Kafka's own tool (ProducerPerformance) sends records of the same size without headers into one topic: for orientation. Its records are counted, not read.",
  ],
  metrics: drainMetrics,
  targets: [target('kafkajs', 0.7, 0.9), target('platformatic', 0.6, 0.85)],
  run(stage) {
    const drains = new Drains(stage);
    const workload = { events: stage.sizes.events, aggregates: 10_000 };
    return interleave(stage, drainMetrics, [
      ...DRIVERS.flatMap((driver) => [
        drains.relay(`nova, ${driver}`, driver, workload),
        drains.memory(`from memory, ${driver}`, driver, workload),
      ]),
      perfTool(stage, "Kafka's own tool, Java", workload.events),
    ]);
  },
};
