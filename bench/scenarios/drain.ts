import { debeziumWorker } from '../harness/connect-worker.ts';
import { type BenchDatabase, makeDatabase, walBytes } from '../harness/databases.ts';
import { logicalStage, makeLogicalDatabase } from '../harness/logical-databases.ts';
import type { Metric, Outcome, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { startWorker, type Worker } from '../harness/worker.ts';
import { debeziumBacklog } from '../peers/debezium.ts';
import { transactionalOutboxSetup } from '../peers/transactional-outbox.ts';
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

/** Whose turn it is. */
interface Drainer {
  /** Given the URL of a copy of the backlog, ready to go. */
  start(databaseUrl: string): Promise<Worker>;
  /** On the PostgreSQL whose WAL can be decoded; what is to be done there before, by the copy's name. */
  readonly logical?: (database: string) => readonly string[];
}

/** Backlogs that the subjects of a scenario share. */
export class Drains {
  readonly #stage: Stage;
  readonly #backlogs: Backlogs;
  #logical: Promise<{ readonly stage: Stage; readonly backlogs: Backlogs }> | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#backlogs = new Backlogs(stage);
  }

  /** nova's relay. */
  relay(name: string, driver: Driver, workload: Workload): Subject {
    return this.#subject(name, workload, {
      start: (databaseUrl) =>
        startWorker('relay', { ...this.#given(databaseUrl), driver, events: workload.events }),
    });
  }

  /** The same client, the same records, from memory. */
  memory(name: string, driver: Driver, workload: Workload): Subject {
    return this.#subject(name, workload, {
      start: (databaseUrl) => startWorker('memory', { ...this.#given(databaseUrl), driver }),
    });
  }

  /** A loop of the peers. */
  peer(name: string, loop: 'documented' | 'batched', workload: Workload): Subject {
    return this.#subject(name, workload, {
      start: (databaseUrl) =>
        startWorker('peerLoop', { ...this.#given(databaseUrl), loop, events: workload.events }),
    });
  }

  /** pg-transactional-outbox of npm. */
  transactionalOutbox(name: string, workload: Workload): Subject {
    const loop = 'transactionalOutbox';
    return this.#subject(name, workload, {
      logical: transactionalOutboxSetup,
      start: (databaseUrl) =>
        startWorker('peerLoop', { ...this.#given(databaseUrl), loop, events: workload.events }),
    });
  }

  /** Debezium in Kafka Connect, tuned. */
  debezium(name: string, workload: Workload): Subject {
    return this.#subject(name, workload, {
      logical: debeziumBacklog,
      start: (databaseUrl) => debeziumWorker(this.#stage, databaseUrl, workload.events),
    });
  }

  #given(databaseUrl: string) {
    return { databaseUrl, brokers: this.#stage.servers.kafka.brokers };
  }

  #subject(name: string, workload: Workload, drainer: Drainer): Subject {
    return { name, run: () => this.#turn(workload, drainer) };
  }

  async #turn(workload: Workload, { start, logical }: Drainer): Promise<Outcome> {
    if (logical === undefined) {
      const copy = await makeDatabase(this.#stage, await this.#backlogs.of(workload));
      return this.#drain(this.#stage, workload, copy, () => start(copy.url));
    }
    this.#logical ??= logicalStage(this.#stage).then((stage) => ({
      ...{ stage, backlogs: new Backlogs(stage) },
    }));
    const { stage, backlogs } = await this.#logical;
    const copy = await makeLogicalDatabase(stage, await backlogs.of(workload));
    return this.#drain(stage, workload, copy, async () => {
      for (const sql of logical(copy.name)) await copy.admin.query(sql);
      return start(copy.adminUrl);
    });
  }

  async #drain(
    stage: Stage,
    workload: Workload,
    copy: BenchDatabase,
    start: () => Promise<Worker>,
  ): Promise<Outcome> {
    try {
      const worker = await start();
      const walBefore = await walBytes(copy.database);
      const { result, foreign, postgresSeconds, kafkaSeconds } = await watched(stage, () =>
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
      return { values, foreign, wrong: wrongIn(await stage.topics.judge(workload)) };
    } finally {
      await copy.drop();
    }
  }
}
