import { readEventType } from '@nova/events';
import type { LaneTerm } from '@nova/lease';
import type { Queryable } from '@nova/postgres';
import type { ConsumerContext } from '../context.ts';
import type { EffectAppend, EffectEvent, EventAppender } from '../effect.ts';
import { failureOf, isOutage } from '../failure.ts';
import { entered, enterGeneration, type Generation } from '../generation.ts';
import { type PendingEffect, parkEffect } from './effect-store.ts';

/** What an effect came to when it was judged. */
type Judgement =
  | { readonly pending: PendingEffect; readonly append: EffectAppend }
  | { readonly pending: PendingEffect; readonly refused: string }
  | { readonly pending: PendingEffect; readonly nothing: true };

/**
 * Carries out effects, given in the order of writing: judges all on the serving views, appends their
 * events in one call and parks what is refused; what stands behind that for the same target stays.
 * Answers what is done, to be removed. Appending twice stores once, because the event's id follows
 * from the effect.
 *
 * @throws when views or log are away: the same effects are then carried out later.
 */
export async function carryOut(
  context: ConsumerContext,
  appender: EventAppender,
  generation: Generation,
  lanes: readonly LaneTerm[],
  wave: readonly PendingEffect[],
): Promise<readonly PendingEffect[]> {
  const lost = await lostOf(context, wave);
  const sound = wave.filter((pending) => !lost.includes(pending));
  const judged = inOrder(await judgeAll(context, generation, sound));
  const appends = judged.flatMap((one) => ('append' in one ? [one] : []));
  const outcomes =
    appends.length === 0 ? [] : await appender.append(appends.map(({ append }) => append));
  const refused = judged.flatMap((one) => ('refused' in one ? [one] : []));
  const done = [...lost, ...judged.flatMap((one) => ('nothing' in one ? [one.pending] : []))];
  for (const [index, { pending }] of appends.entries()) {
    const outcome = outcomes[index];
    if (outcome?.outcome === 'stored') done.push(pending);
    if (outcome?.outcome === 'refused') refused.push({ pending, refused: outcome.reason });
  }
  for (const { pending, refused: reason } of refused) {
    await parkEffect(context.database, generation.consumer, lanes, pending, reason);
    context.logger.error(
      { event_id: pending.source_event_id, name: pending.effect, reason },
      'effect parked, those behind it wait',
    );
  }
  return done;
}

/** Effects of events that the log has lost since: they are dropped, as the events were. */
async function lostOf(
  { epochs, log, logger }: ConsumerContext,
  wave: readonly PendingEffect[],
): Promise<readonly PendingEffect[]> {
  // An epoch that is not known may have begun since the log was asked.
  if (wave.some(({ source }) => !epochs.knows(source.epoch))) await epochs.ask(log);
  const lost = wave.filter(
    ({ source: { epoch, position } }) => !epochs.isValid({ epoch, position: BigInt(position) }),
  );
  if (lost.length > 0) logger.warn({ count: lost.length }, 'effects of a lost epoch dropped');
  return lost;
}

/** In the order of writing, each target up to its first that could not be judged. */
function inOrder(judged: readonly Judgement[]): Judgement[] {
  const closed = new Set<string>();
  return [...judged]
    .sort((a, b) => (a.pending.sequence < b.pending.sequence ? -1 : 1))
    .filter((one) => {
      const { target } = one.pending;
      if (closed.has(target)) return false;
      if ('refused' in one) closed.add(target);
      return true;
    });
}

/** Judges a wave in one transaction; when that fails, each effect in one of its own. */
async function judgeAll(
  context: ConsumerContext,
  generation: Generation,
  wave: readonly PendingEffect[],
): Promise<readonly Judgement[]> {
  try {
    return await context.database.transaction((tx) =>
      entered(enterGeneration(tx, generation), judge(context, wave, tx)),
    );
  } catch (thrown) {
    if (isOutage(thrown)) throw thrown;
    const [only, ...others] = wave;
    if (only === undefined) return [];
    if (others.length === 0) return [{ pending: only, refused: failureOf(thrown).reason }];
    const judged: Judgement[] = [];
    for (const one of wave) judged.push(...(await judgeAll(context, generation, [one])));
    return judged;
  }
}

/** Judges effects together with those of the same name. */
async function judge(
  { definition, clock }: ConsumerContext,
  wave: readonly PendingEffect[],
  tx: Queryable,
): Promise<Judgement[]> {
  const judged: Judgement[] = [];
  for (const [name, waiting] of Map.groupBy(wave, (pending) => pending.effect)) {
    const effect = definition.effects.find((one) => one.name === name);
    if (effect === undefined) {
      const refused = 'the service no longer has this effect';
      judged.push(...waiting.map((pending) => ({ pending, refused })));
      continue;
    }
    const now = clock.now().getTime();
    const open: PendingEffect[] = [];
    for (const pending of waiting) {
      if (isExpired(pending, now)) judged.push({ pending, nothing: true });
      else open.push(pending);
    }
    if (open.length === 0) continue;
    const planned = open.map(({ effect_key: key, target, body }) => ({ key, target, body }));
    const events = await effect.judgeAll(planned, tx);
    for (const [index, pending] of open.entries()) {
      const event = events[index];
      judged.push(
        event === undefined
          ? { pending, nothing: true }
          : { pending, append: appendOf(pending, event) },
      );
    }
  }
  return judged;
}

function isExpired({ source: { expires_at: expiresAt } }: PendingEffect, nowMs: number): boolean {
  return expiresAt !== undefined && Date.parse(expiresAt) <= nowMs;
}

function appendOf(
  pending: PendingEffect,
  { schema, aggregateId, payload }: EffectEvent,
): EffectAppend {
  const eventType = readEventType(schema);
  if (eventType === undefined) throw new TypeError(`${schema.typeName} is no event payload`);
  const { occurred_at, correlation_id, traceparent, tracestate } = pending.source;
  return {
    eventId: pending.effect_id,
    target: pending.target,
    eventType: eventType.type,
    aggregateId,
    payload,
    causationId: pending.source_event_id,
    correlationId: correlation_id,
    occurredAt: occurred_at,
    trace: {
      ...(traceparent === undefined ? {} : { traceparent }),
      ...(tracestate === undefined ? {} : { tracestate }),
    },
  };
}
