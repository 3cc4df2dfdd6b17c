import { afterAll, afterEach, expect, jest } from '@jest/globals';
import { testKafka } from '@nova/testkit';
import { sleep, systemClock } from '@nova/time';
import { rigs, until, upTo } from './testing/each-driver.rig.spec.ts';

const { brokers } = await testKafka();
const { each, stopMembers, close } = rigs({ brokers });
const HOURS_MS = 2 * 3_600_000;
const TICKS = 20;

afterEach(async () => {
  jest.restoreAllMocks();
  await stopMembers();
});
afterAll(async () => {
  await close();
});

/** The clock of this process is set; timers and the monotonic clock go on. */
function setClock(byMs: number): void {
  jest.restoreAllMocks();
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
  jest.spyOn(systemClock, 'now').mockImplementation(() => new Date(now() + byMs));
}

each(
  'reads and publishes on, and stays in its group, while its clock is set forth and back',
  async ({ newTopic, publish, openMember }) => {
    const topic = await newTopic(2);
    await publish(topic, 0, 0, 1);
    const { batches, keys } = await openMember([topic]);
    await until('the first record', () => keys().length === 1);
    for (let tick = 1; tick <= TICKS; tick += 1) {
      setClock(tick % 10 < 5 ? HOURS_MS : -HOURS_MS);
      await publish(topic, tick % 2, tick, 1);
      await until(`record ${tick}`, () => keys().length === tick + 1);
      // Longer than its session in all: without heartbeats it would be put out.
      await sleep(400);
    }
    expect(
      keys()
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(upTo(TICKS + 1));
    expect(new Set(batches.map(({ generation }) => generation))).toEqual(new Set([1]));
  },
  60_000,
);
