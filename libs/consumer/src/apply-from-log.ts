import { NovaError } from '@nova/errors';
import { type AggregateName, aggregateKey } from './aggregate.ts';
import { applyRound } from './apply-round.ts';
import type { SessionContext } from './context.ts';
import { deliveryOf } from './delivery.ts';
import { errors } from './errors.ts';
import type { LogReadReason } from './meters.ts';
import {
  AGGREGATES_PER_ROUND,
  eventsPerAggregate,
  readAggregates,
  type WantedEvents,
} from './read-aggregates.ts';
import { type Round, type RoundResult, roundOf } from './round.ts';

/**
 * Applies what the log has of aggregates after a version, in as many rounds as it takes.
 *
 * @returns aggregates of which the log has nothing after that version
 */
export async function applyFromLog(
  context: SessionContext,
  wanted: readonly WantedEvents[],
  why: { readonly reason: LogReadReason; readonly isRetry: boolean },
): Promise<readonly AggregateName[]> {
  const empty: AggregateName[] = [];
  for (let from = 0; from < wanted.length; from += AGGREGATES_PER_ROUND) {
    empty.push(...(await applyPart(context, wanted.slice(from, from + AGGREGATES_PER_ROUND), why)));
  }
  return empty;
}

async function applyPart(
  context: SessionContext,
  wanted: readonly WantedEvents[],
  { reason, isRetry }: { readonly reason: LogReadReason; readonly isRetry: boolean },
): Promise<readonly AggregateName[]> {
  const { log, generation, meters, round } = context;
  const eventTypes = [...generation.eventTypes.keys()];
  const empty: AggregateName[] = [];
  let open = wanted;
  while (open.length > 0) {
    meters.readLog(reason);
    const limit = eventsPerAggregate(open.length);
    const found = await readAggregates(
      log,
      open.map((one) => ({ ...one, eventTypes })),
      limit,
    );
    if (open === wanted) {
      empty.push(...open.filter((name) => !found.has(aggregateKey(name))));
    }
    if (found.size === 0) break;
    const deliveries = new Map(
      [...found].map(([aggregate, events]) => [
        aggregate,
        events.map((event) => deliveryOf(event)),
      ]),
    );
    const retried = isRetry ? new Set(found.keys()) : new Set<string>();
    const planned = roundOf(deliveries, { retried, isFill: reason === 'fill' });
    const result = await applyRound(context, round, planned, { isLive: reason === 'fill' });
    needRoom(context, result);
    await condemnHeld(context, planned, result);
    const failed = new Set(result.failures.map(({ delivery }) => delivery.aggregate));
    open = [...found].flatMap(([aggregate, events]) => {
      const last = events.at(-1);
      return last === undefined || events.length < limit || failed.has(aggregate)
        ? []
        : [{ ...last, afterVersion: last.aggregateVersion }];
    });
  }
  return empty;
}

/**
 * What is read from the log has no partition that could stand still.
 *
 * @throws CONSUMER_PARKING_FULL when something found no room: it is read again later.
 */
export function needRoom({ room }: SessionContext, { refused: [first] }: RoundResult): void {
  if (first !== undefined) throw room.fullness(first.aggregate);
}

/** The log itself has a gap: what comes after it fails, visibly, instead of waiting for ever. */
async function condemnHeld(
  context: SessionContext,
  { deliveries, retried }: Round,
  { held }: RoundResult,
): Promise<void> {
  if (held.length === 0) return;
  const condemned = new Map(
    held.flatMap(({ aggregate, deliveries: [first], missing }) =>
      first === undefined
        ? []
        : [
            [
              aggregate,
              {
                version: first.event.aggregateVersion,
                thrown: new NovaError(errors.CONSUMER_PREDECESSOR_MISSING, {
                  version: missing.version,
                }),
              },
            ] as const,
          ],
    ),
  );
  const again = new Map([...deliveries].filter(([aggregate]) => condemned.has(aggregate)));
  const planned = roundOf(again, { retried, condemned });
  needRoom(context, await applyRound(context, context.round, planned, { isLive: false }));
}
