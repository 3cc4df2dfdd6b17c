import { topicOf } from '@nova/events';
import { Signal, sleep } from '@nova/time';
import type { ConsumerContext, SessionContext } from './context.ts';
import { groupIdOf } from './definition.ts';
import type {
  DeliveredBatch,
  DeliverySource,
  OpenSource,
  TopicPartition,
} from './delivery-source.ts';
import type { Generation } from './generation.ts';
import { HoldingPen } from './holding-pen.ts';
import { Intake } from './intake.ts';
import { runMirror } from './parking/mirror.ts';
import { runRetries } from './parking/retries.ts';
import { runActs } from './parking/run-acts.ts';
import { watchRoom } from './parking/stand-still.ts';
import { regulate } from './regulate.ts';
import { roundContextOf } from './round-context.ts';
import { runRounds } from './rounds.ts';
import { fieldsOf } from './schemas.ts';
import { settleStart, startOffsets } from './starting.ts';
import { runSweeps, sweep } from './sweep.ts';
import { TailCheck } from './tail-check.ts';
import { watch } from './watchdog.ts';

const GRACE_MS = 30;
const REGISTER_EVERY_MS = 20_000;

/** One membership of the group: from joining to leaving, or until it has to be made anew. */
export class Session {
  readonly context: SessionContext;
  readonly #source: DeliverySource;
  readonly #stop = new AbortController();
  #open: OpenSource | undefined;
  #starting = 0;
  #start = new AbortController();
  readonly #starts = new Set<Promise<void>>();

  constructor(shared: ConsumerContext, generation: Generation, source: DeliverySource) {
    const intake = new Intake(shared.clock);
    const { settings, logger } = shared;
    this.#source = source;
    this.context = {
      ...shared,
      generation,
      intake,
      pen: new HoldingPen(settings.holdMs, GRACE_MS),
      work: new Signal(),
      round: roundContextOf(shared, generation, intake),
      source: () => this.#open,
      isStarting: () => this.#starting > 0,
      restart: (reason) => {
        logger.warn({ reason }, 'consumer joins its group anew');
        this.#stop.abort();
      },
    };
  }

  /** Runs until `stop` aborts, or until the membership must be made anew. */
  async run(stop: AbortSignal): Promise<void> {
    const end = () => this.#stop.abort();
    stop.addEventListener('abort', end);
    if (stop.aborted) end();
    const { signal } = this.#stop;
    const { context } = this;
    try {
      const swept = await sweep(context);
      // What the session before could not do is no trouble of this one.
      for (const kind of ['start', 'rounds', 'rewind', 'sweep']) context.meters.over(kind);
      this.#open = await this.#join();
      await Promise.all([
        runRounds(context, signal),
        runRetries(context, signal),
        runSweeps(context, swept, signal),
        runActs(context, signal),
        runMirror(context, signal),
        watchRoom(context, signal),
        new TailCheck(context).run(signal),
        watch(context, signal),
        this.#register(signal),
      ]);
    } finally {
      this.#stop.abort();
      this.#start.abort();
      stop.removeEventListener('abort', end);
      await Promise.all(this.#starts);
      await this.#open?.stop();
    }
  }

  #join(): Promise<OpenSource> {
    const { generation, definition } = this.context;
    return this.#source.open({
      groupId: groupIdOf(definition, generation.generation),
      topics: [...generation.eventTypes.keys()].map(topicOf),
      startAt: (assigned) => this.#assigned(assigned),
      deliver: (batch) => this.#deliver(batch),
      revoked: (partitions) => this.#revoked(partitions),
    });
  }

  async #assigned(assigned: readonly TopicPartition[]) {
    const starts = await startOffsets(this.context, assigned);
    this.context.journal.rearm();
    this.#starting += 1;
    // An earlier start that is not finished begins again with all partitions there are.
    this.#start.abort();
    this.#start = new AbortController();
    const done = this.#settle(this.#start.signal);
    this.#starts.add(done);
    void done.finally(() => this.#starts.delete(done));
    return starts;
  }

  async #settle(signal: AbortSignal): Promise<void> {
    // The source takes the answer of startAt first: seeking before it would be overruled by it.
    await new Promise<void>((resolve) => setImmediate(resolve));
    await settleStart(this.context, AbortSignal.any([signal, this.#stop.signal]));
    this.#starting -= 1;
    this.context.work.notify();
  }

  async #deliver(batch: DeliveredBatch): Promise<void> {
    const { intake, meters, work } = this.context;
    const partition = intake.get(batch);
    if (partition === undefined || partition.isRewinding) return;
    const taken = intake.take(batch);
    if (taken === 'not the stored record') {
      void this.#rewind(batch);
      return;
    }
    meters.progressed();
    work.notify();
    regulate(this.context);
    // Yields, so that a source that has much to deliver does not starve the rounds.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** The record at the stored offset is another one: everything is read again; marks make it harmless. */
  async #rewind({ topic, partition: number }: TopicPartition): Promise<void> {
    const { intake, logger, meters } = this.context;
    const partition = intake.get({ topic, partition: number });
    if (partition === undefined) return;
    partition.isRewinding = true;
    logger.warn(
      { topic, partition: number, ...offsetOf(partition.unverified?.offset) },
      'stored offset holds another record, partition is read from its beginning',
    );
    try {
      await this.#open?.seek(partition, 'beginning');
      partition.restart(0n);
      partition.isRewinding = false;
    } catch (thrown) {
      meters.trouble('rewind', thrown);
      this.context.restart('a partition could not be read from its beginning');
    }
  }

  #revoked(partitions: readonly TopicPartition[]): void {
    const { intake, pen } = this.context;
    intake.revoke(partitions);
    pen.dropRevoked();
  }

  async #register(stop: AbortSignal): Promise<void> {
    const { log, definition, generation, logger } = this.context;
    while (!stop.aborted) {
      const registration = {
        service: definition.service,
        consumer: definition.name,
        generation: generation.generation,
        eventTypes: [...generation.eventTypes.keys()],
        fields: fieldsOf(definition),
      };
      await log.register(registration).catch((thrown: unknown) => {
        logger.debug({ err: thrown }, 'consumer not registered with the log');
      });
      await sleep(REGISTER_EVERY_MS, stop);
    }
  }
}

function offsetOf(offset: bigint | undefined): { offset?: bigint } {
  return offset === undefined ? {} : { offset };
}
