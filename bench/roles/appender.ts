import { type AppendUnit, append, type UnitResult } from '@nova/outbox';
import { systemClock } from '@nova/time';
import { createAppendQueue } from '../../services/events-service/src/storage/append-queue.ts';
import { openPool } from '../harness/databases.ts';
import { quantile } from '../harness/statistics.ts';
import type { Prepared } from '../harness/worker-messages.ts';
import { newEvent } from '../workload/backlog.ts';
import { eventOf, type Workload } from '../workload/workload.ts';

/** What it is told. */
export interface AppenderOptions {
  readonly databaseUrl: string;
  /** `together`: through the queue of events-service; `alone`: a transaction per append. */
  readonly mode: 'together' | 'alone';
  /** Each begins its next append when its last one is answered. */
  readonly callers: number;
  readonly workload: Workload;
}

type AppendOne = (unit: AppendUnit) => Promise<UnitResult>;

/** Connections of those who append alone: more of them make it slower. */
const CONNECTIONS = 32;
const NO_DEADLINE = {
  signal: new AbortController().signal,
  remainingMs: () => Number.POSITIVE_INFINITY,
};

/** Callers within one process append events, one event each time. */
export async function prepareAppender(options: AppenderOptions): Promise<Prepared> {
  const { databaseUrl, mode, callers, workload } = options;
  const database = openPool(databaseUrl, mode === 'together' ? 2 : CONNECTIONS);
  const appendOne = mode === 'together' ? queued() : await alone();
  const events = Array.from({ length: workload.events }, (_, n) => newEvent(eventOf(workload, n)));

  function queued(): AppendOne {
    const queue = createAppendQueue({
      append: (units) => append(database, units),
      wake: () => {},
      clock: systemClock,
    });
    return (unit) => queue.append(unit, NO_DEADLINE);
  }
  async function alone(): Promise<AppendOne> {
    const open = Array.from({ length: CONNECTIONS }, () => database.query('SELECT pg_sleep(0.05)'));
    await Promise.all(open);
    const turns = new Turns(Math.min(CONNECTIONS, callers));
    return (unit) =>
      turns.take(async () => {
        const [result] = await append(database, [unit]);
        if (result === undefined) throw new TypeError('an append without an answer');
        return result;
      });
  }

  return {
    async go() {
      const took: number[] = [];
      let next = 0;
      const caller = async () => {
        for (let event = events[next++]; event !== undefined; event = events[next++]) {
          const startedAt = performance.now();
          const unit = { conditions: [], mode: 'atomic', events: [event] } as const;
          const { outcome } = await appendOne(unit);
          if (outcome !== 'stored') throw new TypeError('an append was refused');
          took.push(performance.now() - startedAt);
        }
      };
      const startedAt = performance.now();
      await Promise.all(Array.from({ length: callers }, caller));
      const rate = (took.length * 1000) / (performance.now() - startedAt);
      return { values: { rate, p50: quantile(took, 0.5), p99: quantile(took, 0.99) } };
    },
    stop: () => database.close(),
  };
}

/** As many at a time as there are connections; the others wait in order. */
class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
