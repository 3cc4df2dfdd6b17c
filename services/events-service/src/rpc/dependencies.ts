import type { KafkaAdmin } from '@nova/kafka';
import type { Database } from '@nova/postgres';
import type { Call } from '@nova/rpc';
import type { Validator } from '@nova/schemas';
import type { PageTokens } from '@nova/service-kit';
import { currentTraceContext, type Logger } from '@nova/telemetry';
import type { Clock } from '@nova/time';
import type { Arrival, RequestIdentity } from '../domain/accept-event.ts';
import type { KnownTypes } from '../domain/known-types.ts';
import type { AppendQueue } from '../storage/append-queue.ts';
import type { EventTypes } from '../storage/event-types.ts';
import type { LogGrowth } from '../storage/log-growth.ts';
import type { PublishProgress } from '../storage/publish-progress.ts';
import type { Scheduler } from '../storage/scheduler.ts';
import type { SubscriptionHub } from '../storage/subscriptions/hub.ts';

/** What the RPCs work with. */
export interface Dependencies {
  readonly database: Database;
  readonly queue: AppendQueue;
  readonly types: EventTypes;
  readonly validator: Validator;
  readonly admin: Pick<KafkaAdmin, 'ensureTopics'>;
  readonly growth: LogGrowth;
  readonly progress: PublishProgress;
  readonly scheduler: Pick<Scheduler, 'wake'>;
  readonly subscriptions: SubscriptionHub;
  readonly pageTokens: PageTokens;
  /** Tells relays and followers that the log has grown by something that did not go by the queue. */
  readonly wake: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Where and when the events of a call arrive.
 *
 * @param types what they may be of, with the judgement on their payloads
 */
export function arrivalOf(
  call: Call,
  clock: Clock,
  types: KnownTypes,
  key: RequestIdentity | undefined,
): Arrival {
  return {
    types,
    now: clock.now(),
    source: sourceOf(call),
    trace: { correlationId: call.correlationId, ...currentTraceContext() },
    key,
  };
}

/** Who publishes, as events name it. */
export function sourceOf({ caller }: Call): string {
  return `/nova/${caller.service ?? caller.principal}`;
}
