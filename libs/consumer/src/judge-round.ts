import type { Queryable } from '@nova/postgres';
import type { PlannedEvent } from '@nova/projection';
import { type Delivery, nameOf } from './delivery.ts';
import type { Generation } from './generation.ts';
import type { KnownEpochs } from './known-epochs.ts';
import { lockMarks, type Mark } from './marks.ts';
import { guardOrder, type Verdict } from './order-guard.ts';
import { type BlockedAggregate, readBlocked } from './parking/parked-store.ts';
import type { ParkingRoom } from './parking/parking-room.ts';
import type { HeldBack, Round } from './round.ts';

/** One aggregate's share of a round, as it is judged, applied and written. */
export interface Share {
  readonly aggregate: string;
  readonly mark: Mark;
  readonly blocked: BlockedAggregate | undefined;
  /** Some of its deliveries wait for an event that is not there. */
  readonly isHeld: boolean;
  readonly toApply: readonly Delivery[];
  readonly plans: Map<Delivery, PlannedEvent | undefined>;
  applied: Delivery[];
  failed: { readonly delivery: Delivery; readonly thrown: unknown } | undefined;
}

/** What a round comes to before anything is folded. */
export interface Judged {
  readonly shares: readonly Share[];
  readonly duplicates: Delivery[];
  readonly queued: Delivery[];
  /** Would be queued, but too much is parked. */
  readonly refused: Delivery[];
  readonly held: HeldBack[];
  readonly invalid: { aggregate: string; deliveries: readonly Delivery[] }[];
}

/** Locks the marks of a round's aggregates and sorts its deliveries by what may happen to them. */
export async function judgeRound(
  context: {
    readonly generation: Generation;
    readonly epochs: KnownEpochs;
    readonly room: ParkingRoom;
  },
  tx: Queryable,
  round: Round,
): Promise<Judged> {
  const { generation, epochs, room } = context;
  const judged: Judged & { shares: Share[] } = {
    shares: [],
    duplicates: [],
    queued: [],
    refused: [],
    held: [],
    invalid: [],
  };
  if (round.deliveries.size === 0) return judged;
  const names = [...round.deliveries.values()].map(nameOf);
  const [marks, blocked] = await Promise.all([
    lockMarks(tx, generation, names),
    readBlocked(tx, generation, names, room.countTo),
  ]);
  const subscribed = new Set(generation.eventTypes.keys());
  for (const [aggregate, delivered] of round.deliveries) {
    const deliveries = withoutLost(epochs, delivered, judged.duplicates);
    if (deliveries.length === 0) continue;
    const mark = marks.get(aggregate);
    if (mark === undefined) throw new TypeError('a locked mark is missing');
    const isRefolded = round.refolded.has(aggregate);
    if (isOutdated(epochs, mark, deliveries, isRefolded)) {
      judged.invalid.push({ aggregate, deliveries });
      continue;
    }
    const from = isRefolded ? { ...mark, version: 0n, epoch: '', position: 0n } : mark;
    const verdict = guardOrder(from.version, subscribed, deliveries);
    judged.duplicates.push(...verdict.duplicates);
    const block = blocked.get(aggregate);
    if (block !== undefined && !round.retried.has(aggregate) && !isRefolded) {
      const waiting = [...verdict.apply, ...verdict.held];
      const places = room.roomFor(block);
      judged.queued.push(...waiting.slice(0, places));
      judged.refused.push(...waiting.slice(places));
    } else {
      judged.shares.push(shareOf(aggregate, from, block, verdict, round, judged.held));
    }
  }
  return judged;
}

/**
 * Whether the log no longer has what the mark counts as applied; of an aggregate that is folded anew,
 * whether others went on after its events were read, so that its rows would go back.
 */
function isOutdated(
  epochs: KnownEpochs,
  mark: Mark,
  deliveries: readonly Delivery[],
  isRefolded: boolean,
): boolean {
  const isLost = mark.version > 0n && !epochs.isValid(mark);
  if (!isRefolded) return isLost;
  return !isLost && mark.version > (deliveries.at(-1)?.event.aggregateVersion ?? 0n);
}

/** Looked at once more under the lock: some have waited while the log was restored. */
function withoutLost(
  epochs: KnownEpochs,
  deliveries: readonly Delivery[],
  dropped: Delivery[],
): readonly Delivery[] {
  const isLost = ({ event: { position } }: Delivery) =>
    epochs.knows(position.epoch) && !epochs.isValid(position);
  if (!deliveries.some(isLost)) return deliveries;
  dropped.push(...deliveries.filter(isLost));
  return deliveries.filter((delivery) => !isLost(delivery));
}

function shareOf(
  aggregate: string,
  mark: Mark,
  blocked: BlockedAggregate | undefined,
  { apply: toApply, held, missing }: Verdict,
  { condemned }: Round,
  heldBack: HeldBack[],
): Share {
  const share = { aggregate, mark, blocked, plans: new Map(), applied: [], failed: undefined };
  const isHeld = missing !== undefined;
  if (isHeld && condemned.get(aggregate)?.version === held[0]?.event.aggregateVersion) {
    // What it waits for will never come: it fails, and the others queue behind it.
    return { ...share, isHeld, toApply: [...toApply, ...held] };
  }
  if (isHeld) {
    const appliedVersion = toApply.at(-1)?.event.aggregateVersion ?? mark.version;
    heldBack.push({ aggregate, deliveries: held, missing, appliedVersion });
  }
  return { ...share, isHeld, toApply };
}
