import { makeDatabase, walBytes } from '../harness/databases.ts';
import type { Metric, Outcome, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { startWorker, type Worker } from '../harness/worker.ts';
import type { Driver } from '../roles/relay.ts';
import { Backlogs } from '../workload/backlog.ts';
import { wrongIn } from '../workload/oracle.ts';
import type { Workload } from '../workload/workload.ts';

/** Both client libraries, in the order of their turns. */
export const DRIVERS: readonly Driver[] = ['kafkajs', 'platformatic'];

/** What is measured of whoever drains a backlog. */
export const drainMetrics: readonly Metric[] = [
  { key: 'rate', title: 'rate', unit: 'events/s', better: 'higher' },
  { key: 'fromStart', title: 'rate from its start', unit: 'events/s', better: 'higher' },
  { key: 'cpu', title: 'own CPU', unit: 'CPU-s per million', better: 'lower' },
  { key: 'postgresCpu', title: 'PostgreSQL CPU', unit: 'CPU-s per million', better: 'lower' },
  { key: 'kafkaCpu', title: 'broker CPU', unit: 'CPU-s per million', better: 'lower' },
  { key: 'wal', title: 'WAL', unit: 'bytes per event', better: 'lower' },
  { key: 'rss', title: 'memory', unit: 'MiB at most', better: 'lower' },
];

/** What drains: given the URL of a copy of the backlog, ready to go. */
type StartDrainer = (databaseUrl: string) => Promise<Worker>;

/** Backlogs that the subjects of a scenario share. */
export class Drains {
  readonly #stage: Stage;
  readonly #backlogs: Backlogs;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#backlogs = new Backlogs(stage);
  }

  /** nova's relay. */
  relay(name: string, driver: Driver, workload: Workload): Subject {
    return this.#subject(name, workload, (databaseUrl) =>
      startWorker('relay', { ...this.#given(databaseUrl), driver, events: workload.events }),
    );
  }

  /** The same client, the same records, from memory. */
  memory(name: string, driver: Driver, workload: Workload): Subject {
    return this.#subject(name, workload, (databaseUrl) =>
      startWorker('memory', { ...this.#given(databaseUrl), driver }),
    );
  }

  /** A loop of the peers. */
  peer(name: string, loop: 'documented' | 'batched', workload: Workload): Subject {
    return this.#subject(name, workload, (databaseUrl) =>
      startWorker('peerLoop', { ...this.#given(databaseUrl), loop, events: workload.events }),
    );
  }

  #given(databaseUrl: string) {
    return { databaseUrl, brokers: this.#stage.servers.kafka.brokers };
  }

  #subject(name: string, workload: Workload, start: StartDrainer): Subject {
    return { name, run: () => this.#turn(workload, start) };
  }

  async #turn(workload: Workload, start: StartDrainer): Promise<Outcome> {
    const copy = await makeDatabase(this.#stage, await this.#backlogs.of(workload));
    try {
      const worker = await start(copy.url);
      const walBefore = await walBytes(copy.database);
      const { result, foreign, postgresSeconds, kafkaSeconds } = await watched(this.#stage, () =>
        worker.go(),
      );
      const wal = (await walBytes(copy.database)) - walBefore;
      await worker.stop();
      const perMillion = (seconds: number) => (seconds * 1e6) / workload.events;
      const values = {
        ...result.values,
        cpu: perMillion(result.cpuSeconds),
        postgresCpu: perMillion(postgresSeconds),
        kafkaCpu: perMillion(kafkaSeconds),
        wal: wal / workload.events,
        rss: result.maxRssMb,
      };
      return { values, foreign, wrong: wrongIn(await this.#stage.topics.judge(workload)) };
    } finally {
      await copy.drop();
    }
  }
}
