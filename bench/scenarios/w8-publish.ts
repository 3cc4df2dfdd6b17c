import { makeDatabase } from '../harness/databases.ts';
import { readProcessor, useBetween } from '../harness/processor.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { startEventsService } from '../harness/service.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { startWorker } from '../harness/worker.ts';
import type { PublisherOptions } from '../roles/publisher.ts';
import { wrongInMessages } from '../workload/messages.ts';

type Way = PublisherOptions['way'];

const metrics: readonly Metric[] = [
  { key: 'serviceCpu', title: 'events-service', unit: 'CPU-s per million', better: 'lower' },
  { key: 'clientCpu', title: 'client', unit: 'CPU-s per million', better: 'lower' },
  { key: 'postgresCpu', title: 'PostgreSQL', unit: 'CPU-s per million', better: 'lower' },
  { key: 'rate', title: 'rate', unit: 'events/s', better: 'higher' },
];
const TITLES: Readonly<Record<Way, string>> = {
  calls: 'a call each, 32 at a time',
  batches: 'batches of 100, 4 at a time',
  stream: 'one stream',
};
/** Parts of the events of a large backlog. */
const SHARES: Readonly<Record<Way, number>> = { calls: 1 / 20, batches: 1 / 5, stream: 1 / 5 };

/** W8, over gRPC. */
export const w8rpc: Scenario = {
  name: 'w8rpc',
  question: 'What does an event cost events-service, by calls, batches and a stream?',
  notes: [
    'events-service as a process, with all it does to a call: checks, identity, logs at level error; messages of 300 characters in 500 conversations. A fresh process and database each turn, so the start of its code is in the figures.',
  ],
  metrics,
  targets: [
    {
      what: 'CPU of events-service per event, stream against calls',
      metric: 'serviceCpu',
      of: TITLES.stream,
      against: TITLES.calls,
      floor: 1 / 4,
    },
    {
      what: 'CPU of events-service per event, batches against calls',
      metric: 'serviceCpu',
      of: TITLES.batches,
      against: TITLES.calls,
      floor: 1 / 6,
      aim: 1 / 12,
    },
  ],
  run: (stage) =>
    interleave(
      stage,
      metrics,
      (['calls', 'stream', 'batches'] as const).map((way) => subject(stage, way)),
    ),
};

function subject(stage: Stage, way: Way): Subject {
  const events = Math.max(200, Math.round(stage.sizes.events * SHARES[way]));
  return { name: TITLES[way], run };

  async function run(): Promise<Outcome> {
    const { database, url, drop } = await makeDatabase(stage);
    const service = await startEventsService(stage, url);
    try {
      const worker = await startWorker('publisher', { address: service.address, way, events });
      const before = readProcessor([service.pid]);
      const { result, foreign, postgresSeconds } = await watched(stage, () => worker.go());
      const { trees } = useBetween(before, readProcessor([service.pid]), process.pid);
      await worker.stop();
      const perMillion = (seconds: number) => (seconds * 1e6) / events;
      const values = {
        ...result.values,
        serviceCpu: perMillion(trees.get(service.pid) ?? 0),
        clientCpu: perMillion(result.cpuSeconds),
        postgresCpu: perMillion(postgresSeconds),
      };
      return { values, foreign, wrong: await wrongInMessages(database, events) };
    } finally {
      await service.stop();
      await drop();
    }
  }
}
