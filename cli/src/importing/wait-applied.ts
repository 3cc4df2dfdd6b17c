import { DeliveryCondition } from '@nova/proto/gen/ops/ops_service_pb';
import { type Clock, sleep } from '@nova/time';
import { askOps } from '../consumers/ask-ops.ts';
import {
  askConsumers,
  type ConsumerStanding,
  nameOf,
  needsOperator,
} from '../consumers/consumer-standing.ts';
import type { RegisteredConsumer } from '../consumers/registered-consumer.ts';
import type { PlacedEvent } from './last-events.ts';

const LOOK_EVERY_MS = 300;
const CALLS_AT_ONCE = 16;

/**
 * How the waiting ended for a consumer. `parked`: it has all, but some of it waits for an operator.
 * `not_running`: it was not waited for.
 */
export type WaitWord = 'applied' | 'parked' | 'behind' | 'unreachable' | 'not_running';

/** A consumer's line of the summary. */
export interface WaitedConsumer {
  readonly service: string;
  readonly consumer: string;
  readonly state: WaitWord;
  readonly lag_events: bigint;
  /** Until it had everything, after the last event was stored. */
  readonly waited_ms: number | undefined;
  readonly trouble: string;
}

/** What is needed to wait. */
export interface AppliedWait {
  readonly registered: () => Promise<readonly RegisteredConsumer[]>;
  readonly last: readonly PlacedEvent[];
  readonly clock: Clock;
  /** When the last event was stored, on the monotonic clock. */
  readonly startedMs: number;
  readonly signal: AbortSignal;
  /** 0 = none. */
  readonly deadlineMs: number;
  onProgress(consumers: readonly ConsumerStanding[]): void;
}

/**
 * Waits until every consumer that runs has applied, or parked, everything up to the last events, has
 * no lag and no effects in work: an effect is an event again, which others consume. Ends early when
 * the signal aborts or the deadline comes. Never rejects but with what `registered` throws at first.
 */
export async function waitApplied(wait: AppliedWait): Promise<readonly WaitedConsumer[]> {
  const { clock, signal, deadlineMs, startedMs } = wait;
  const settling = new Settling();
  let registered = await wait.registered();
  for (;;) {
    const standings = await askConsumers(registered);
    const ms = clock.monotonicMs() - startedMs;
    settling.look(standings, ms);
    const isDone = settling.isQuiet() && (await haveReached(registered, standings, wait.last));
    const isLate = deadlineMs > 0 && ms >= deadlineMs;
    if (isDone || isLate || signal.aborted) {
      return standings.map((one) => waited(one, isDone, settling.since(one)));
    }
    wait.onProgress(standings);
    await sleep(LOOK_EVERY_MS, signal);
    registered = await wait.registered().catch(() => registered);
  }
}

/** Since when each consumer is quiet, and how often in a row all of them were. */
class Settling {
  readonly #since = new Map<string, number>();
  #quietLooks = 0;

  look(standings: readonly ConsumerStanding[], ms: number): void {
    for (const one of standings) {
      if (!isQuiet(one)) this.#since.delete(nameOf(one));
      else if (!this.#since.has(nameOf(one))) this.#since.set(nameOf(one), ms);
    }
    const isQuietNow = standings.every((one) => one.state === 'not_running' || isQuiet(one));
    this.#quietLooks = isQuietNow ? this.#quietLooks + 1 : 0;
  }

  /** Twice in a row: between two looks what one consumer has published reaches the next one. */
  isQuiet(): boolean {
    return this.#quietLooks >= 2;
  }

  since(one: ConsumerStanding): number | undefined {
    return this.#since.get(nameOf(one));
  }
}

/** True when nothing is on its way at this consumer. */
export function isQuiet(one: ConsumerStanding): boolean {
  const left = one.lag_events + one.pending_effects + one.retrying_aggregates;
  return one.state === 'running' && left === 0n;
}

/** Asks the running consumers for the last events: lag alone may be a moment old. */
async function haveReached(
  registered: readonly RegisteredConsumer[],
  standings: readonly ConsumerStanding[],
  last: readonly PlacedEvent[],
): Promise<boolean> {
  const running = new Set(standings.filter(isQuiet).map(nameOf));
  const asked = registered.filter(({ name }) => running.has(name));
  const reached = await Promise.all(asked.map((consumer) => hasReached(consumer, last)));
  return reached.every(Boolean);
}

async function hasReached(
  { consumer, eventTypes, addresses: [address = ''] }: RegisteredConsumer,
  last: readonly PlacedEvent[],
): Promise<boolean> {
  const wanted = last.filter(({ eventType }) => eventTypes.includes(eventType));
  const answer = await askOps(address, async (client) => {
    for (let first = 0; first < wanted.length; first += CALLS_AT_ONCE) {
      const answers = await Promise.all(
        wanted
          .slice(first, first + CALLS_AT_ONCE)
          .map(({ aggregateType, aggregateId, aggregateVersion }) =>
            client.getDeliveryState({ aggregateType, aggregateId, aggregateVersion }),
          ),
      );
      const states = answers.map(({ states }) => states.find((one) => one.consumer === consumer));
      if (states.some((state) => state === undefined || !isSettled(state.condition))) return false;
    }
    return true;
  });
  return 'told' in answer && answer.told;
}

function isSettled(condition: DeliveryCondition): boolean {
  return condition === DeliveryCondition.APPLIED || condition === DeliveryCondition.PARKED;
}

function waited(
  one: ConsumerStanding,
  isDone: boolean,
  settledMs: number | undefined,
): WaitedConsumer {
  const { service, consumer, lag_events, trouble } = one;
  const state = ((): WaitWord => {
    if (one.state === 'not_running' || one.state === 'unreachable') return one.state;
    if (!isDone && !isQuiet(one)) return 'behind';
    return needsOperator(one) ? 'parked' : 'applied';
  })();
  const waited_ms =
    state === 'applied' || state === 'parked' ? Math.round(settledMs ?? 0) : undefined;
  return { service, consumer, state, lag_events, waited_ms, trouble };
}
