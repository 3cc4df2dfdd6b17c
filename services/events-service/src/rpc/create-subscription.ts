import { isDeepStrictEqual } from 'node:util';
import { NovaError } from '@nova/errors';
import { formatPosition } from '@nova/events';
import {
  type CreateSubscriptionRequest,
  type CreateSubscriptionResponseSchema,
  SubscriptionFilterSchema,
} from '@nova/proto/gen/events/subscriptions_pb';
import { create, type MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptTerms, checkSubscriptionName } from '../domain/accept-durable.ts';
import {
  acceptEventFilter,
  acceptStart,
  type SubscriptionStart,
} from '../domain/accept-subscription.ts';
import { invalid } from '../domain/refusal.ts';
import { subscriptionMessage } from '../domain/subscription.ts';
import { Violations } from '../domain/violations.ts';
import { errors } from '../errors.ts';
import {
  keepSubscription,
  type NewSubscription,
  subscriptionByName,
} from '../storage/subscriptions/kept.ts';
import { standingOf } from '../storage/subscriptions/standing.ts';
import type { Dependencies } from './dependencies.ts';
import { startingPosition } from './starting-position.ts';

type Response = MessageInitShape<typeof CreateSubscriptionResponseSchema>;

/**
 * Makes a subscription. The name is the key of a retry: the same request finds what the first one has
 * made, another one is refused.
 */
export function createSubscription({ database, types, clock }: Dependencies) {
  return async (request: CreateSubscriptionRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    const { name } = request;
    checkSubscriptionName(name, 'name', violations);
    const filter = acceptEventFilter(
      await types.know(request.filter?.eventTypes ?? []),
      request.filter ?? create(SubscriptionFilterSchema),
      violations,
      'filter',
    );
    const terms = acceptTerms(request, violations);
    const start = acceptStart(request.from, clock.now(), violations);
    if (!violations.none) throw invalid(violations);
    const { from } = await startingPosition({ database }, start);
    const createdBy = call.caller.principal;
    const wanted = { name, filter, ...terms, from, begins: beginsOf(start), createdBy };
    const made = await keepSubscription(database, wanted);
    const kept = made ?? (await sameAs(wanted));
    const subscription = subscriptionMessage(await standingOf(database, kept));
    return { subscription, existed: made === undefined };
  };

  async function sameAs(wanted: NewSubscription) {
    const found = await subscriptionByName(database, wanted.name);
    if (found === undefined) {
      throw new NovaError(errors.SUBSCRIPTION_UNKNOWN, { name: wanted.name });
    }
    const { filter, strategy, ackTimeoutMs, maxAttempts } = found.kept;
    const there = { filter, strategy, ackTimeoutMs, maxAttempts, begins: found.begins };
    for (const field of ['filter', 'strategy', 'ackTimeoutMs', 'maxAttempts', 'begins'] as const) {
      if (isDeepStrictEqual(there[field], wanted[field])) continue;
      throw new NovaError(errors.SUBSCRIPTION_EXISTS, { name: wanted.name, field: WORDS[field] });
    }
    return found.kept;
  }
}

const WORDS = {
  filter: 'filter',
  strategy: 'strategy',
  ackTimeoutMs: 'ack_timeout',
  maxAttempts: 'max_attempts',
  begins: 'its beginning',
} as const;

function beginsOf(start: SubscriptionStart): Readonly<Record<string, string>> {
  switch (start.kind) {
    case 'after':
      return { kind: start.kind, position: formatPosition(start.position) };
    case 'time':
      return { kind: start.kind, time: start.time };
    case 'beginning':
    case 'now':
      return { kind: start.kind };
  }
}
