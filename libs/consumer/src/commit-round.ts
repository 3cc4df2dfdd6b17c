import type { LogPosition } from '@nova/events';
import type { Database, Queryable } from '@nova/postgres';
import {
  applyEvent,
  decodeEvent,
  type PayloadForm,
  type PlannedEvent,
  planEvent,
  RowSet,
} from '@nova/projection';
import type { Delivery } from './delivery.ts';
import type { Effect } from './effect.ts';
import { lockEffectMarks, type MovedEffectMark, writeEffectMarks } from './effects/effect-marks.ts';
import { type EffectRow, planEffects, writeEffects } from './effects/write-effects.ts';
import { setAside } from './foreign.ts';
import { entered, enterRound, type Generation } from './generation.ts';
import type { Intake } from './intake.ts';
import { judgeRound, type Share } from './judge-round.ts';
import type { KnownEpochs } from './known-epochs.ts';
import { type Mark, type MovedMark, writeMarks } from './marks.ts';
import { writeOffsets } from './offsets.ts';
import { park, unapplied, withoutRoom } from './parking/park-failing.ts';
import type { ParkingRoom } from './parking/parking-room.ts';
import type { RecordEntry } from './record-entry.ts';
import type { Round, RoundResult } from './round.ts';

/** What rounds are committed with. */
export interface RoundContext {
  readonly database: Database;
  readonly generation: Generation;
  readonly effects: readonly Effect[];
  /** "<service>.<consumer>": part of the effects' ids. */
  readonly effectScope: string;
  /** Written down with failures. */
  readonly consumerVersion: string;
  readonly room: ParkingRoom;
  /** How payloads are read, by event type. */
  readonly schemas: ReadonlyMap<string, PayloadForm>;
  readonly epochs: KnownEpochs;
  readonly intake: Intake;
  /** Most rows are new: they are copied in. */
  readonly isBulk?: boolean;
}

/** What a round has written, before its transaction is committed. */
export interface WrittenRound {
  readonly result: RoundResult;
  /** Records that are settled with it. */
  readonly settled: ReadonlySet<RecordEntry>;
  readonly rows: RowSet;
  readonly effects: readonly EffectRow[];
}

/**
 * Applies a round in one transaction: rows, marks, effects, parked copies and offsets become
 * visible together or not at all.
 *
 *   lock marks (sorted) → order guard → read rows → fold in memory → write rows, marks, effects,
 *   parked deliveries, offsets → commit
 *
 * An aggregate whose event cannot be folded is cut out here: what came before stays applied, the
 * event and what follows it are parked. A failure of the database itself rejects and changes nothing.
 */
export async function commitRound(context: RoundContext, round: Round): Promise<RoundResult> {
  const { database, intake, isBulk = false } = context;
  const work = (tx: Queryable) => writeRound(context, tx, round);
  const committed = await (isBulk ? database.bulk(work) : database.transaction(work));
  intake.settle(committed.settled);
  return committed.result;
}

/** What {@link commitRound} does within its transaction. */
export async function writeRound(
  context: RoundContext,
  tx: Queryable,
  round: Round,
): Promise<WrittenRound> {
  const { generation, intake } = context;
  const { consumer } = generation;
  // What is given together travels together: three packets a round, not one per statement.
  const judged = await entered(enterRound(tx, generation), judgeRound(context, tx, round));
  const { shares, held, invalid, duplicates, queued } = judged;
  const [rows, effectMarks] = await Promise.all([
    planAndLoad(context, tx, shares, round),
    lockEffectMarks(tx, consumer, withEffects(context, shares)),
  ]);
  await forgetRows(context, tx, shares, rows, round);
  const { effects, moved } = apply(context, shares, rows, effectMarks);
  const applied = shares.flatMap((share) => share.applied);
  const refused = [...judged.refused, ...withoutRoom(context, round, judged)];
  const parked = [...queued, ...shares.flatMap(unapplied)];
  const settled = settledBy(round, [...applied, ...duplicates, ...parked]);
  const marks = shares.flatMap((share) => movedMark(share, round));
  const [failures] = await Promise.all([
    park(context, tx, round, judged),
    rows.save(tx),
    writeMarks(tx, generation, marks),
    writeEffects(tx, consumer, effects),
    writeEffectMarks(tx, consumer, moved),
    setAside(tx, consumer, round.foreign),
    writeOffsets(tx, generation, intake.frontiers(settled)),
  ]);
  const result = {
    ...{ applied, duplicates, parked, refused, failures, held, invalid },
    effects: effects.length,
  };
  return { result, settled, rows, effects };
}

/** Decodes the events and reads all rows that they concern, one query per view. */
async function planAndLoad(
  { generation, schemas }: RoundContext,
  tx: Queryable,
  shares: readonly Share[],
  { condemned }: Round,
): Promise<RowSet> {
  const rows = new RowSet();
  for (const share of shares) {
    for (const delivery of share.toApply) {
      try {
        const known = condemned.get(share.aggregate);
        // Not even read: that may be what kills the process.
        if (known?.version === delivery.event.aggregateVersion) throw known.thrown;
        const plan = planOf(generation, schemas, delivery);
        share.plans.set(delivery, plan);
        for (const { name } of plan?.touches ?? []) rows.want(name);
      } catch (thrown) {
        share.failed = { delivery, thrown };
        break;
      }
    }
  }
  await rows.load(tx);
  return rows;
}

function planOf(
  generation: Generation,
  schemas: RoundContext['schemas'],
  { event }: Delivery,
): PlannedEvent | undefined {
  const { position } = event.position;
  const form = schemas.get(event.eventType);
  const from = generation.eventTypes.get(event.eventType) ?? 0n;
  // An event type that was taken on later: what came before counts as applied.
  if (form === undefined || position <= from) return undefined;
  return planEvent(generation.tables, decodeEvent(event, form));
}

/** The aggregates that have events with effects. */
function withEffects({ effects }: RoundContext, shares: readonly Share[]): readonly Mark[] {
  const types = new Set(effects.map(({ eventType }) => eventType));
  return shares
    .filter(({ toApply }) => toApply.some(({ event }) => types.has(event.eventType)))
    .map(({ mark }) => mark);
}

function apply(
  context: RoundContext,
  shares: readonly Share[],
  rows: RowSet,
  effectMarks: ReadonlyMap<string, LogPosition>,
): { effects: EffectRow[]; moved: MovedEffectMark[] } {
  const { generation, epochs } = context;
  const registered = epochs.lastKept(generation.effectsFrom);
  const effects: EffectRow[] = [];
  const moved: MovedEffectMark[] = [];
  for (const share of shares) {
    const mark = effectMarks.get(share.aggregate);
    const written = mark === undefined ? 0n : epochs.lastKept(mark);
    const effectsAfter = written > registered ? written : registered;
    effects.push(...applyShare(context, share, rows, effectsAfter));
    const last = share.applied.at(-1)?.event;
    if (mark === undefined || last === undefined || last.position.position <= written) continue;
    moved.push({ ...last, version: last.aggregateVersion });
  }
  return { effects, moved };
}

/** Folds the events of one aggregate until one of them fails; answers their effects. */
function applyShare(
  context: RoundContext,
  share: Share,
  rows: RowSet,
  effectsAfter: bigint,
): EffectRow[] {
  const planned: EffectRow[] = [];
  for (const delivery of share.toApply) {
    if (delivery === share.failed?.delivery) break;
    const { position } = delivery.event;
    try {
      const hasEffects = position.position > effectsAfter;
      planned.push(...applyOne(context, rows, delivery, share.plans.get(delivery), hasEffects));
      share.applied.push(delivery);
    } catch (thrown) {
      share.failed = { delivery, thrown };
      break;
    }
  }
  return planned;
}

function applyOne(
  { effects, effectScope }: RoundContext,
  rows: RowSet,
  delivery: Delivery,
  plan: PlannedEvent | undefined,
  hasEffects: boolean,
): EffectRow[] {
  if (plan === undefined) return [];
  const before = plan.touches.map(({ name }) => ({ name, row: rows.get(name) }));
  try {
    const steps = applyEvent(rows, plan);
    return hasEffects ? planEffects(effectScope, effects, plan.event, steps, delivery) : [];
  } catch (thrown) {
    // The event failed as a whole: a row must not keep half of it.
    for (const { name, row } of before) rows.set(name, row);
    throw thrown;
  }
}

/** An aggregate that is folded anew begins without rows. */
async function forgetRows(
  { generation }: RoundContext,
  tx: Queryable,
  shares: readonly Share[],
  rows: RowSet,
  { refolded }: Round,
): Promise<void> {
  const anew = shares.filter(({ aggregate }) => refolded.has(aggregate));
  if (anew.length === 0) return;
  for (const table of generation.tables) {
    const ids = anew
      .filter(({ mark }) => mark.aggregateType === table.view.aggregateType)
      .map(({ mark }) => mark.aggregateId);
    if (ids.length > 0) await tx.query(table.sql.removeAggregates, [ids]);
  }
  for (const { plans } of anew) {
    for (const plan of plans.values()) {
      for (const { name } of plan?.touches ?? []) rows.forget(name);
    }
  }
}

function movedMark({ aggregate, mark, applied }: Share, { refolded, isFill }: Round): MovedMark[] {
  const last = applied.at(-1);
  // Folded anew, and not even its first event could be: its rows are gone, so nothing is applied.
  if (last === undefined) return refolded.has(aggregate) ? [{ ...mark, filled: undefined }] : [];
  const filled = applied.filter(({ entry }) => entry === undefined);
  const first = filled[0];
  // All of it read from the log: a catch-up or a retry, unless somebody says that it was a fill.
  const isFilled = isFill || filled.length < applied.length;
  const { aggregateType, aggregateId, aggregateVersion, position } = last.event;
  return [
    {
      aggregateType,
      aggregateId,
      version: aggregateVersion,
      ...position,
      filled:
        first === undefined || !isFilled
          ? undefined
          : {
              from: first.event.aggregateVersion,
              to: filled.at(-1)?.event.aggregateVersion ?? first.event.aggregateVersion,
            },
    },
  ];
}

function settledBy({ foreign, stale }: Round, deliveries: readonly Delivery[]): Set<RecordEntry> {
  const settled = new Set(foreign.map(({ entry }) => entry));
  for (const { entry } of [...deliveries, ...stale]) {
    if (entry !== undefined) settled.add(entry);
  }
  return settled;
}
