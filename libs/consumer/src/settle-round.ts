import { commitRound, type RoundContext } from './commit-round.ts';
import type { Deliveries, Delivery } from './delivery.ts';
import { isOutage } from './failure.ts';
import { type HeldBack, type Round, type RoundResult, roundOf } from './round.ts';

/**
 * Commits a round, also when the database refuses some row of it: the round is cut in halves until
 * the one event that it refuses is alone; that one fails like an event that cannot be folded, and
 * everything else is applied.
 *
 * @throws when a dependency is away: then everything is tried again as it was.
 */
export async function settleRound(context: RoundContext, round: Round): Promise<RoundResult> {
  try {
    return await commitRound(context, round);
  } catch (thrown) {
    if (isOutage(thrown)) throw thrown;
    const parts = halves(round.deliveries);
    if (parts !== undefined) return settleParts(context, round, parts);
    const [only] = round.deliveries.values();
    const [delivery] = only ?? [];
    // Not an event's fault, or it fails even without being applied.
    if (delivery === undefined || round.condemned.has(delivery.aggregate)) throw thrown;
    const { aggregateVersion: version } = delivery.event;
    const condemned = new Map([[delivery.aggregate, { version, thrown }]]);
    return commitRound(context, { ...round, condemned });
  }
}

async function settleParts(
  context: RoundContext,
  round: Round,
  [first, second]: readonly [Deliveries, Deliveries],
): Promise<RoundResult> {
  const { retried, refolded, condemned } = round;
  const one = await settleRound(context, { ...round, deliveries: first });
  // Later events of an aggregate that has failed meanwhile are held back and queue behind it.
  const blocked = new Set(one.failures.map(({ delivery }) => delivery.aggregate));
  const other = await settleRound(
    context,
    roundOf(second, {
      condemned,
      retried: new Set([...retried].filter((aggregate) => !blocked.has(aggregate))),
      refolded: new Set([...refolded].filter((aggregate) => !first.has(aggregate))),
    }),
  );
  return joinResults(one, other);
}

/** What became of two parts of a round, one after the other. */
export function joinResults(one: RoundResult, other: RoundResult): RoundResult {
  return {
    applied: [...one.applied, ...other.applied],
    duplicates: [...one.duplicates, ...other.duplicates],
    parked: [...one.parked, ...other.parked],
    refused: [...one.refused, ...other.refused],
    failures: [...one.failures, ...other.failures],
    held: joinHeld(one.held, other.held),
    invalid: [...one.invalid, ...other.invalid],
    effects: one.effects + other.effects,
  };
}

/** One entry per aggregate: both parts may hold back events of the same one. */
function joinHeld(one: readonly HeldBack[], other: readonly HeldBack[]): HeldBack[] {
  const groups = Map.groupBy([...one, ...other], ({ aggregate }) => aggregate);
  return [...groups.values()].flatMap(([first, ...more]) => {
    if (first === undefined) return [];
    const deliveries = [first, ...more].flatMap((part) => part.deliveries);
    const appliedVersion = more.at(-1)?.appliedVersion ?? first.appliedVersion;
    return [{ ...first, deliveries, appliedVersion }];
  });
}

/** Two halves by aggregate; of a single aggregate, by version; undefined for a single event. */
function halves(deliveries: Deliveries): [Deliveries, Deliveries] | undefined {
  const groups = [...deliveries];
  if (groups.length > 1) {
    const middle = Math.ceil(groups.length / 2);
    return [new Map(groups.slice(0, middle)), new Map(groups.slice(middle))];
  }
  const [group] = groups;
  if (group === undefined || group[1].length < 2) return undefined;
  const [aggregate, events] = group;
  const middle = Math.ceil(events.length / 2);
  const half = (part: readonly Delivery[]) => new Map([[aggregate, part]]);
  return [half(events.slice(0, middle)), half(events.slice(middle))];
}
