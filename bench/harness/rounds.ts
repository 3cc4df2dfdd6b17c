import type { Measured, Metric, Outcome, Round, Subject } from './scenario.ts';
import type { Stage } from './stage.ts';

/** More of the machine than this in the hands of others makes a turn void. */
export const MOST_FOREIGN = 0.15;

/**
 * Lets all subjects take turns: A B C, A B C, … A turn during which others used more than 15 % of the
 * machine is repeated, a bounded number of times; then the quietest one counts. A turn that the oracle
 * found wrong counts as it is, and is worth nothing.
 */
export async function interleave(
  stage: Pick<Stage, 'sizes' | 'signal' | 'say'>,
  metrics: readonly Metric[],
  subjects: readonly Subject[],
): Promise<readonly Measured[]> {
  const measured = subjects.map(({ name }) => ({ subject: name, rounds: [] as Round[] }));
  const { rounds, seconds = Number.POSITIVE_INFINITY } = stage.sizes;
  const lastBeginMs = performance.now() + seconds * 1000;
  for (let round = 1; round <= rounds; round += 1) {
    if (round > 1 && performance.now() >= lastBeginMs) break;
    for (const [index, subject] of subjects.entries()) {
      stage.signal.throwIfAborted();
      stage.say(`round ${round} of ${rounds}: ${subject.name}`);
      const turn = await quietTurn(subject, round, stage);
      measured[index]?.rounds.push(turn.wrong === undefined ? turn : worthNothing(turn, metrics));
    }
  }
  return measured;
}

async function quietTurn(
  subject: Subject,
  round: number,
  { sizes, signal }: Pick<Stage, 'sizes' | 'signal'>,
): Promise<Round> {
  let best: Outcome | undefined;
  for (let repeated = 0; ; repeated += 1) {
    const outcome = await subject.run(round);
    const isQuieter = (outcome.foreign ?? 0) < (best?.foreign ?? Number.POSITIVE_INFINITY);
    if (best === undefined || isQuieter || outcome.wrong !== undefined) best = outcome;
    const isVoid = outcome.wrong === undefined && (outcome.foreign ?? 0) > MOST_FOREIGN;
    if (!isVoid || repeated >= sizes.repeats || signal.aborted) return { ...best, repeated };
  }
}

function worthNothing(turn: Round, metrics: readonly Metric[]): Round {
  const worst = metrics.map(
    ({ key, better }) => [key, better === 'higher' ? 0 : Number.POSITIVE_INFINITY] as const,
  );
  return { ...turn, values: Object.fromEntries(worst) };
}
