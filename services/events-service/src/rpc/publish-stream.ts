import type { Appended, AppendUnit, UnitResult } from '@nova/outbox';
import {
  type PublishStreamRequest,
  PublishStreamRequestSchema,
  type PublishStreamResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptCondition } from '../domain/accept-conditions.ts';
import { invalidRefusal, type RefusalMessage } from '../domain/accept-each.ts';
import { acceptEvent, type GivenEvent } from '../domain/accept-event.ts';
import { storedAt } from '../domain/append-response.ts';
import { appendToken } from '../domain/consistency-token.ts';
import type { KnownTypes } from '../domain/known-types.ts';
import { refusalMessage } from '../domain/refusal.ts';
import { checkRequestId, requestIdentity, unitKey } from '../domain/request-key.ts';
import { Violations } from '../domain/violations.ts';
import { sizeOf } from '../storage/append-line.ts';
import type { AppendCaller } from '../storage/append-queue.ts';
import { arrivalOf, type Dependencies } from './dependencies.ts';
import { InOrder } from './in-order.ts';

const METHOD = 'events.EventsService/PublishStream';
/** So many requests of a stream may be without an answer before no more are read. */
const MAX_UNANSWERED = 500;

type Response = MessageInitShape<typeof PublishStreamResponseSchema>;

/** A request that may go to the log, or why not. */
type Accepted =
  | { readonly unit: AppendUnit; readonly alias: string }
  | { readonly refusal: RefusalMessage };

/**
 * Stores events as they come and answers each after its commit, in the order of the requests:
 *
 *   requests ──▶ accept ──▶ wait for room in the line ──▶ append ─┐   at most MAX_UNANSWERED
 *   answers  ◀── in order ◀───────────────────────────────────────┘
 *
 * A caller that does not take answers, or a log that does not keep up, holds back the reading of
 * requests, which HTTP/2 hands on to the sender. A refusal is an answer, and the stream goes on. A
 * failure ends the stream, and what waited behind it is not appended: the caller sends again from
 * the first request without an answer, with the same request ids.
 */
export function publishStream(dependencies: Dependencies) {
  return async function* (
    requests: AsyncIterable<PublishStreamRequest>,
    call: Call,
  ): AsyncGenerator<Response> {
    const over = new AbortController();
    const signal = AbortSignal.any([call.signal, over.signal]);
    const answers = new InOrder<Response>(MAX_UNANSWERED, signal);
    void takeIn(dependencies, requests, { call, signal, answers, over });
    try {
      yield* answers;
    } finally {
      over.abort();
    }
  };
}

interface Stream {
  readonly call: Call;
  readonly signal: AbortSignal;
  readonly answers: InOrder<Response>;
  /** Aborted at the first failure. */
  readonly over: AbortController;
}

async function takeIn(
  dependencies: Dependencies,
  requests: AsyncIterable<PublishStreamRequest>,
  stream: Stream,
): Promise<void> {
  const { signal, answers, over } = stream;
  let sequence = 0n;
  try {
    for await (const request of requests) {
      await answers.room();
      if (signal.aborted) return;
      sequence += 1n;
      await add(dependencies, { request, sequence }, stream);
    }
  } catch (thrown) {
    // Such as a message that cannot be decoded: told in its turn, after the answers before it.
    answers.add(Promise.reject(thrown).finally(() => over.abort(thrown)));
  }
  answers.end();
}

/** Brings a request to the line for the log; resolves when it is there, not when it is stored. */
async function add(
  dependencies: Dependencies,
  { request, sequence }: { readonly request: PublishStreamRequest; readonly sequence: bigint },
  { call, signal, answers, over }: Stream,
): Promise<void> {
  const { queue, types } = dependencies;
  const { requestId } = request;
  const given = request.event && {
    ...request.event,
    payload: request.event.payload ?? {},
  };
  const known = await types.judge(given === undefined ? [] : [given]);
  const accepted = accept(dependencies, known, { request, given }, call);
  if ('refusal' in accepted) {
    const outcome = { case: 'refusal' as const, value: accepted.refusal };
    answers.add(Promise.resolve({ sequence, requestId, outcome }));
    return;
  }
  const { unit, alias } = accepted;
  const { bytes } = sizeOf(unit);
  while (!queue.hasRoom(bytes)) {
    await queue.room(signal);
    if (signal.aborted) return;
  }
  // The deadline is the stream's, not the event's: nothing is refused for its wait. So with room in
  // the line it is admitted here and now, and the order of the requests is that of the log.
  const caller: AppendCaller = {
    signal,
    remainingMs: () => Number.POSITIVE_INFINITY,
    failed: (thrown) => over.abort(thrown),
  };
  const stored = queue.append(unit, caller).then(
    (result) => ({ sequence, requestId, alias, ...outcomeOf(result) }),
    (thrown: unknown) => {
      over.abort(thrown);
      throw thrown;
    },
  );
  answers.add(stored);
}

function accept(
  { clock }: Dependencies,
  types: KnownTypes,
  { request, given }: { request: PublishStreamRequest; given: GivenEvent | undefined },
  call: Call,
): Accepted {
  const violations = new Violations();
  const { requestId } = request;
  checkRequestId(requestId, 'request_id', violations);
  const key = requestIdentity(call.caller.principal, METHOD, requestId);
  if (given === undefined) violations.add('event', 'is required');
  const arrival = arrivalOf(call, clock, types, key);
  const place = { prefix: 'event', index: 0 };
  const one = given && acceptEvent(given, arrival, place, violations);
  const condition =
    request.condition &&
    one &&
    acceptCondition(types, request.condition, 'condition', violations, one.event);
  if (one === undefined || !violations.none) {
    const named = given ?? { aggregateType: '', aggregateId: '' };
    return { refusal: invalidRefusal(0, named, violations) };
  }
  const unit: AppendUnit = {
    ...unitKey(key, PublishStreamRequestSchema, request),
    conditions: condition === undefined ? [] : [condition],
    mode: 'atomic',
    events: [one.event],
  };
  return { unit, alias: one.alias ?? '' };
}

function outcomeOf(
  result: UnitResult,
): Pick<Response, 'outcome' | 'replayed' | 'consistencyToken'> {
  const [first] = result.outcome === 'refused' ? result.refusals : result.events;
  if (first === undefined) throw new TypeError('the log answered a request without its event');
  if (!isAppended(first)) {
    return { outcome: { case: 'refusal', value: refusalMessage(first, 0) } };
  }
  const replayed = first.replayed || (result.outcome === 'stored' && result.replayed);
  return {
    outcome: { case: 'stored', value: storedAt(first) },
    replayed,
    consistencyToken: appendToken([first]),
  };
}

function isAppended(outcome: object): outcome is Appended {
  return 'position' in outcome;
}
