import { interleave } from '../harness/rounds.ts';
import type { Scenario } from '../harness/scenario.ts';
import { DRIVERS, Drains, drainMetrics } from './drain.ts';

/** Part of the events that the small backlog has. */
const SMALL_SHARE = 1 / 20;

/** W4: size and shape of a backlog. */
export const w4: Scenario = {
  name: 'w4',
  question: 'Does a larger backlog, or one of few hot aggregates, drain more slowly?',
  notes: [
    'Small is a twentieth of large: 10,000 events at the default size, 50,000 with --events 1000000.',
    'Ten hot aggregates fill at most ten of the 48 partitions.',
  ],
  metrics: drainMetrics,
  targets: DRIVERS.flatMap((driver) => [
    {
      what: `rate of the large backlog against the small one, ${driver}`,
      metric: 'rate',
      of: `large, ${driver}`,
      against: `small, ${driver}`,
      floor: 0.9,
    },
    {
      what: `rate of ten hot aggregates against 10,000, ${driver}`,
      metric: 'rate',
      of: `ten aggregates, ${driver}`,
      against: `large, ${driver}`,
      floor: 0.8,
    },
  ]),
  run(stage) {
    const drains = new Drains(stage);
    const { events } = stage.sizes;
    const small = { events: Math.round(events * SMALL_SHARE), aggregates: 10_000 };
    const large = { events, aggregates: 10_000 };
    const hot = { events, aggregates: 10 };
    return interleave(
      stage,
      drainMetrics,
      DRIVERS.flatMap((driver) => [
        drains.relay(`small, ${driver}`, driver, small),
        drains.relay(`large, ${driver}`, driver, large),
        drains.relay(`ten aggregates, ${driver}`, driver, hot),
      ]),
    );
  },
};
