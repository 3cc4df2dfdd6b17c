import { NovaError } from '@nova/errors';
import type { RoundContext } from '../commit-round.ts';
import type { ConsumerContext } from '../context.ts';
import { byAggregate, type Delivery } from '../delivery.ts';
import { errors } from '../errors.ts';
import { type Round, type RoundResult, roundOf } from '../round.ts';
import { joinResults, settleRound } from '../settle-round.ts';

/** Suspects of one death are tried so many at once; those of more, one by one. */
const TOGETHER = 32;

/**
 * Settles a round with an eye on events that kill the process: those in whose round one has died are
 * tried apart from the others, first some together, then each alone. One that has killed the process
 * too often, the last time alone, is not run any more: it fails as `process_death`.
 */
export async function settleWatched(
  context: ConsumerContext,
  roundContext: RoundContext,
  round: Round,
): Promise<RoundResult> {
  const { journal, settings } = context;
  const { generation } = roundContext.generation;
  if (round.deliveries.size > 0) await journal.look(generation);
  let result: RoundResult | undefined;
  for (const part of partsOf(context, round, settings.deaths)) {
    const blocked = new Set(result?.failures.map(({ delivery }) => delivery.aggregate));
    const retried = new Set([...part.retried].filter((aggregate) => !blocked.has(aggregate)));
    const isWatched = await journal.begin(generation, part);
    const settled = await settleRound(roundContext, { ...part, retried });
    if (isWatched) journal.end(generation, survivorsOf(part));
    result = result === undefined ? settled : joinResults(result, settled);
  }
  return result ?? settleRound(roundContext, round);
}

function partsOf({ journal }: ConsumerContext, round: Round, mostDeaths: number): Round[] {
  const isSuspect = (aggregate: string) => journal.suspectsOf(aggregate).length > 0;
  const ill = [...round.deliveries].filter(([aggregate]) => isSuspect(aggregate));
  if (ill.length === 0) return [round];
  const condemned = new Map(round.condemned);
  const together: Delivery[] = [];
  const parts: Delivery[][] = [];
  for (const [aggregate, deliveries] of ill) {
    const known = journal.suspectsOf(aggregate);
    const suspects = known.filter(({ eventId }) =>
      deliveries.some(({ event }) => event.eventId === eventId),
    );
    const killer = suspects
      .filter(({ deaths, wasAlone }) => wasAlone && deaths >= mostDeaths)
      .sort((a, b) => Number(a.version - b.version))[0];
    if (killer !== undefined) {
      const { deaths, version } = killer;
      const thrown = new NovaError(errors.CONSUMER_PROCESS_DEATH, { deaths });
      condemned.set(aggregate, { version, thrown });
    }
    // Folded anew, an aggregate stays whole.
    if (round.refolded.has(aggregate)) parts.push([...deliveries]);
    else if (suspects.every(({ deaths }) => deaths < 2)) together.push(...deliveries);
    else parts.push(...deliveries.map((delivery) => [delivery]));
  }
  for (let from = 0; from < together.length; from += TOGETHER) {
    parts.push(together.slice(from, from + TOGETHER));
  }
  const rest = new Map([...round.deliveries].filter(([aggregate]) => !isSuspect(aggregate)));
  const hasRest = rest.size + round.foreign.length + round.stale.length > 0;
  return [
    ...(hasRest ? [{ ...round, deliveries: rest, condemned }] : []),
    ...parts.map((part) =>
      roundOf(byAggregate(part), {
        condemned,
        retried: round.retried,
        refolded: round.refolded,
      }),
    ),
  ];
}

/** A part without those that were not run. */
function survivorsOf(part: Round): Round {
  const deliveries = new Map(
    [...part.deliveries].map(([aggregate, group]) => [
      aggregate,
      group.filter(
        ({ event }) => part.condemned.get(aggregate)?.version !== event.aggregateVersion,
      ),
    ]),
  );
  return { ...part, deliveries };
}
