import { isNovaError } from '@nova/errors';
import { eventsAt } from '@nova/outbox';
import type {
  ConsumeRequest,
  ConsumeResponseSchema,
  ConsumeStart,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { type Call, errors as rpcErrors } from '@nova/rpc';
import { sleep } from '@nova/time';
import {
  acceptAck,
  acceptConsumeStart,
  acceptNack,
  checkCredits,
} from '../domain/accept-durable.ts';
import { eventMessage } from '../domain/event-message.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import { createReadGate, type ReadGate } from '../storage/read-gate.ts';
import type { Dispatcher } from '../storage/subscriptions/dispatcher.ts';
import type { Out } from '../storage/subscriptions/round.ts';
import { ConsumerSession } from '../storage/subscriptions/session.ts';
import type { Dependencies } from './dependencies.ts';
import { knownSubscription } from './known-subscription.ts';

/** Connections to the database that all consumers together read events with. */
const READS_AT_ONCE = 3;
/** Between the end of a caller's requests and the news that it was its connection that broke. */
const BREAK_MS = 50;
/** Events that are read at once for a consumer. */
const MOST_READ = 32;

type Response = MessageInitShape<typeof ConsumeResponseSchema>;

/**
 * A consumer of a subscription:
 *
 *   requests ── start, credits, ack, nack ──▶ its session ──▶ rounds of the subscription
 *   answers  ◀── deliveries, what is settled ◀─┘
 *
 * When the caller ends its requests what it said is stored and told, and the stream ends; what it has
 * not settled goes to others, without an attempt being counted. The same when the server stops. When
 * the connection breaks, or the caller cancels, the attempt counts: it may be the event that kills it.
 */
export function consume(dependencies: Dependencies) {
  const gate = createReadGate(READS_AT_ONCE);
  return async function* (
    requests: AsyncIterable<ConsumeRequest>,
    call: Call,
  ): AsyncGenerator<Response> {
    const iterator = requests[Symbol.asyncIterator]();
    const start = startOf(await iterator.next());
    if (start === undefined) return;
    const { session, dispatcher } = await join(dependencies, start, call);
    const over = new AbortController();
    const signal = AbortSignal.any([call.signal, over.signal]);
    let isInOrder = false;
    try {
      yield { content: { case: 'started', value: { sessionId: session.id } } };
      void listen(iterator, { session, dispatcher, signal });
      yield* tell({ ...dependencies, gate }, session, call.signal);
      if (session.failure !== undefined) throw session.failure;
      // A connection that breaks looks like the end of the requests first.
      await sleep(BREAK_MS, call.signal);
      isInOrder = true;
    } finally {
      over.abort();
      const isServerStopping = isNovaError(call.signal.reason, rpcErrors.RPC_DRAINING);
      dispatcher.leave(session, isServerStopping || (isInOrder && !call.signal.aborted));
    }
  };
}

/** @throws EVENT_INVALID; undefined where the caller has left without a word. */
function startOf(first: IteratorResult<ConsumeRequest>): ConsumeStart | undefined {
  if (first.done === true) return undefined;
  const { content } = first.value;
  const violations = new Violations();
  if (content.case === 'start') acceptConsumeStart(content.value, violations);
  else violations.add('start', 'must come first');
  if (content.case !== 'start' || !violations.none) throw invalid(violations);
  return content.value;
}

async function join(
  { database, subscriptions }: Dependencies,
  { subscription, consumer, credits }: ConsumeStart,
  call: Call,
): Promise<{ readonly session: ConsumerSession; readonly dispatcher: Dispatcher }> {
  const kept = await knownSubscription(database, subscription);
  const { principal } = call.caller;
  const session = new ConsumerSession({ consumer, principal, credits });
  const dispatcher = subscriptions.of(kept);
  dispatcher.join(session);
  return { session, dispatcher };
}

interface Listening {
  readonly session: ConsumerSession;
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
}

async function listen(
  requests: AsyncIterator<ConsumeRequest>,
  { session, dispatcher, signal }: Listening,
): Promise<void> {
  try {
    for (let next = await requests.next(); next.done !== true; next = await requests.next()) {
      if (signal.aborted) return;
      hear(next.value, session, dispatcher);
      await session.room(signal);
    }
    session.finish();
  } catch (thrown) {
    session.fail(thrown);
  }
}

function hear({ content }: ConsumeRequest, session: ConsumerSession, dispatcher: Dispatcher): void {
  const violations = new Violations();
  switch (content.case) {
    case 'credits':
      checkCredits(content.value, 'credits', violations);
      if (violations.none) session.credits = content.value;
      break;
    case 'ack': {
      const said = acceptAck(content.value.positions, violations);
      if (violations.none) dispatcher.say(session.heard(said));
      break;
    }
    case 'nack': {
      const said = acceptNack(content.value, violations);
      if (violations.none) dispatcher.say(session.heard(said));
      break;
    }
    case 'start':
      violations.add('start', 'comes once only');
      break;
    case undefined:
      violations.add('content', 'is required');
  }
  if (!violations.none) throw invalid(violations);
  dispatcher.wake();
}

async function* tell(
  dependencies: Pick<Dependencies, 'database'> & { readonly gate: ReadGate },
  session: ConsumerSession,
  signal: AbortSignal,
): AsyncGenerator<Response> {
  for (;;) {
    const news = await session.news(signal, MOST_READ);
    if (news === undefined) return;
    if (news.kind === 'settled') {
      const { positions, stale } = news;
      yield { content: { case: 'settled', value: { positions, stale } } };
    } else {
      yield* deliveries(dependencies, session, news.outs);
    }
  }
}

async function* deliveries(
  { database, gate }: Pick<Dependencies, 'database'> & { readonly gate: ReadGate },
  session: ConsumerSession,
  outs: readonly Out[],
): AsyncGenerator<Response> {
  const events = await gate.pass(() =>
    eventsAt(
      database,
      outs.map(({ position }) => position),
    ),
  );
  for (const [out, event] of session.told(outs, events)) {
    const { attempts: attempt, replayId } = out;
    const value = { event: eventMessage(event), attempt, replayId: replayId ?? '' };
    yield { content: { case: 'delivery', value } };
  }
}
