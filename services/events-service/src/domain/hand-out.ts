/** Which of several consumers gets an event: see SubscriptionStrategy of the API. */
export type Strategy = 'round_robin' | 'single' | 'pinned';

/** A consumer that is connected, to whichever instance of the service. */
export interface LiveSession {
  readonly id: string;
  readonly credits: number;
}

/** An event that may be handed out: the one before it of its aggregate is settled. */
export interface Eligible {
  readonly position: bigint;
  readonly lane: number;
}

/**
 * Decides who gets what.
 *
 * @param live all consumers with credits, in the order in which they came
 * @param free by consumer of this instance, how many more events it may have
 * @param turn where round robin goes on
 * @returns by position the consumer; what nobody of this instance may have is left out
 */
export function handOut(given: {
  readonly strategy: Strategy;
  readonly live: readonly LiveSession[];
  readonly free: ReadonlyMap<string, number>;
  readonly eligible: readonly Eligible[];
  readonly turn: number;
}): ReadonlyMap<bigint, string> {
  const { strategy, eligible } = given;
  const left = new Map(given.free);
  const live = given.live.filter(({ credits }) => credits > 0);
  const ids = live.map(({ id }) => id).filter((id) => left.has(id));
  let turn = given.turn;
  const candidate = (lane: number): string | undefined => {
    switch (strategy) {
      case 'single':
        return live[0]?.id;
      case 'pinned':
        return pinnedTo(live, lane);
      case 'round_robin': {
        const next = ids.map((_, n) => ids[(turn + n) % ids.length] ?? '');
        const found = next.findIndex((id) => (left.get(id) ?? 0) > 0);
        turn += found + 1;
        return next[found];
      }
    }
  };
  const taken: [bigint, string][] = [];
  for (const { position, lane } of eligible) {
    const id = candidate(lane);
    const room = id === undefined ? 0 : (left.get(id) ?? 0);
    if (id === undefined || room <= 0) continue;
    left.set(id, room - 1);
    taken.push([position, id]);
  }
  return new Map(taken);
}

/**
 * The consumer of a lane, by rendezvous hashing: when one comes or goes, only the lanes that it gets
 * or had change hands.
 */
export function pinnedTo(live: readonly LiveSession[], lane: number): string | undefined {
  let best: string | undefined;
  let bestWeight = -1;
  for (const { id } of live) {
    const weight = fnv1a(`${id}/${lane}`);
    if (weight > bestWeight) [best, bestWeight] = [id, weight];
  }
  return best;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  // The last characters tell lanes apart and would else hardly reach the upper bits.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}
