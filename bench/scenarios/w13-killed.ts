import { outboxStatus, relayDefaults } from '@nova/outbox';
import { sleep } from '@nova/time';
import { makeDatabase } from '../harness/databases.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { startWorker, type Worker } from '../harness/worker.ts';
import { Backlogs } from '../workload/backlog.ts';
import { wrongIn } from '../workload/oracle.ts';
import { DRIVERS } from './drain.ts';

const KILLS = 3;
const { windowRows: WINDOW_ROWS } = relayDefaults;
const metrics: readonly Metric[] = [
  { key: 'doubled', title: 'doubled', unit: 'records per kill', better: 'lower' },
  { key: 'silent', title: 'nothing published after a kill', unit: 's', better: 'lower' },
];

/** W13: a relay is killed in the middle of its work. */
export const w13: Scenario = {
  name: 'w13',
  question: 'How much is sent twice when a relay is killed, and when does the next one go on?',
  notes: [
    `kill -9 three times while a backlog drains, at a quarter, a half and three quarters of it; the next one is started at once and takes over when the leases of 5 s end. Doubles are allowed here, losses and disorder are not.`,
    `To be reached: at most one window (${WINDOW_ROWS} events) doubled per kill, and to go on within lease and a second.`,
  ],
  metrics,
  targets: DRIVERS.flatMap((driver) => [
    { what: `doubled per kill, ${driver}`, metric: 'doubled', of: driver, floor: WINDOW_ROWS },
    { what: `seconds without publishing, ${driver}`, metric: 'silent', of: driver, floor: 6 },
  ]),
  run(stage) {
    const backlogs = new Backlogs(stage);
    return interleave(
      stage,
      metrics,
      DRIVERS.map(
        (driver): Subject => ({ name: driver, run: () => turn(stage, backlogs, driver) }),
      ),
    );
  },
};

async function turn(
  stage: Stage,
  backlogs: Backlogs,
  driver: (typeof DRIVERS)[number],
): Promise<Outcome> {
  const workload = { events: stage.sizes.events, aggregates: 10_000 };
  const { database, url, drop } = await makeDatabase(stage, await backlogs.of(workload));
  const { brokers } = stage.servers.kafka;
  const start = () =>
    startWorker('relay', {
      ...{ databaseUrl: url, brokers, driver, events: workload.events, startsAtOnce: true },
    });
  const pending = async () => Number((await outboxStatus(database)).pending);
  const untilPending = async (most: number): Promise<void> => {
    while ((await pending()) > most) await sleep(20);
  };
  const workers: Worker[] = [];
  try {
    const { result, foreign } = await watched(stage, async () => {
      const silences: number[] = [];
      workers.push(await start());
      for (let kill = 1; kill <= KILLS; kill += 1) {
        await untilPending(workload.events * (1 - kill / (KILLS + 1)));
        const killedAt = performance.now();
        await workers.at(-1)?.kill();
        const left = await pending();
        workers.push(await start());
        await untilPending(Math.max(0, left - 1));
        silences.push((performance.now() - killedAt) / 1000);
      }
      await untilPending(0);
      return silences;
    });
    // Before anything is judged, nobody may send any more.
    await Promise.all(workers.map((worker) => worker.stop()));
    const verdict = await stage.topics.judge(workload);
    const values = { doubled: verdict.doubled / KILLS, silent: Math.max(...result) };
    return { values, foreign, wrong: wrongIn(verdict, true) };
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    await drop();
  }
}
