import type { Logger } from '@nova/telemetry';
import { systemClock, withDeadline } from '@nova/time';
import type { PartitionAnswer } from '../answer.ts';
import type { ProducerSession } from '../driver.ts';
import type { KafkaSend } from '../record.ts';
import { type Leaders, ProduceRequests } from './produce-requests.ts';

/** The client whose connections are used. */
export interface ProducingClient {
  readonly leaders: Leaders;
  /** Ends its connections in good order. */
  disconnect(): Promise<void>;
  /** Cuts every connection and refuses new ones; whatever is in work fails soon. */
  cut(): void;
}

/** A broker answers well before the deadline, so that slow copies of one partition put no other in doubt. */
const ANSWER_WITHIN = 0.75;
const TELL_AGAIN_MS = 60_000;

/** How long a broker may wait for its in-sync copies. */
export function brokerTimeoutMs(sendDeadlineMs: number): number {
  return Math.floor(sendDeadlineMs * ANSWER_WITHIN);
}

/**
 * One idempotent producer over the connections of a client, from its connection to the moment it is
 * thrown away:
 *
 *   open --send-- in use --retire-- finishing --last send settled-- cut
 *
 * A retired session takes no new sends, lets those in work come to their end or their deadline, and then
 * has its connections cut, so that nothing of it can be sent later. The clients' own producers are not
 * used: they send a request per partition or have one in work per broker, try again by themselves, and
 * do not say which partitions of a request failed.
 */
export class RequestProducer implements ProducerSession {
  readonly nextOffsets = new Map<string, bigint>();
  readonly #client: ProducingClient;
  readonly #requests: ProduceRequests;
  #inWork = 0;
  #isRetired = false;

  constructor(client: ProducingClient, logger: Logger) {
    this.#client = client;
    this.#requests = new ProduceRequests(client.leaders, systemClock, timeRefusals(logger));
  }

  get isUsable(): boolean {
    return !this.#isRetired;
  }

  async send(batch: KafkaSend, deadlineMs: number): Promise<readonly PartitionAnswer[]> {
    this.#inWork += 1;
    try {
      return await withDeadline(this.#requests.add(batch, deadlineMs), deadlineMs, 'the send');
    } finally {
      this.#inWork -= 1;
      if (this.#isRetired && this.#inWork === 0) this.#client.cut();
    }
  }

  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    if (this.#inWork === 0) this.#client.cut();
  }

  async close(deadlineMs: number): Promise<void> {
    this.#isRetired = true;
    await withDeadline(this.#client.disconnect(), deadlineMs, 'disconnecting').catch(() => {});
    this.#client.cut();
  }
}

/** Tells of refused times, once a minute. */
function timeRefusals(logger: Logger): () => void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - toldAtMs < TELL_AGAIN_MS) return;
    toldAtMs = nowMs;
    logger.warn({}, 'kafka refuses the time of this machine, records go without one');
  };
}
