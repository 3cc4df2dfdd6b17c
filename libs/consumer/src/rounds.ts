import { isNovaError } from '@nova/errors';
import { topicOf } from '@nova/events';
import { type Backoff, backoffMs, sleep } from '@nova/time';
import { applyRound } from './apply-round.ts';
import type { SessionContext } from './context.ts';
import { byAggregate, type Delivery, nameOf } from './delivery.ts';
import { partitionKey } from './delivery-source.ts';
import { errors } from './errors.ts';
import { isOutage } from './failure.ts';
import { fillGaps } from './fill.ts';
import type { ForeignRecord } from './foreign.ts';
import { standStill } from './parking/stand-still.ts';
import { AGGREGATES_PER_ROUND } from './read-aggregates.ts';
import { refold } from './refold.ts';
import { regulate } from './regulate.ts';
import { type RoundResult, roundOf } from './round.ts';
import { FIRST_EVENTS, RoundPace } from './round-pace.ts';
import { noteApplied, settleMarked } from './settle-marked.ts';

const OUTAGE: Backoff = { initialMs: 100, factor: 2, maxMs: 2000, jitter: 0.2 };
const IDLE_MS = 1000;

interface Gathered {
  readonly deliveries: readonly Delivery[];
  readonly foreign: readonly ForeignRecord[];
  /** Held aggregates whose wait is over. */
  readonly due: ReadonlySet<string>;
}

/**
 * The loop that applies what arrives:
 *
 *   wait → gather what has arrived, and what was held of the same aggregates
 *        → read from the log what held aggregates have waited for long enough
 *        → one transaction → hold back what still waits
 *
 * While a dependency is away the same round is tried again and again; meanwhile the intake fills,
 * partitions pause, and the member stays in its group.
 *
 * What arrives after a pause is applied at once. While it keeps arriving, a round begins at most
 * every `gatherMs`, so that one event is not one transaction; of a backlog, each takes as much as the
 * database applies within its pace.
 */
export async function runRounds(context: SessionContext, stop: AbortSignal): Promise<void> {
  const { work, pen, intake, clock, settings, isStarting } = context;
  const pace = new RoundPace(settings);
  let nextAtMs = 0;
  while (!stop.aborted) {
    await work.wait(pen.untilDue(clock.monotonicMs(), IDLE_MS), stop);
    while (!stop.aborted && !isStarting()) {
      const earlyMs = nextAtMs - clock.monotonicMs();
      if (earlyMs > 0 && intake.waitingCount() < pace.events) await sleep(earlyMs, stop);
      const gathered = gather(context, mostEvents(context, pace));
      if (gathered === undefined) break;
      const startedAtMs = clock.monotonicMs();
      nextAtMs = startedAtMs + settings.gatherMs;
      await untilDone(context, gathered, stop);
      pace.took(gathered.deliveries.length, clock.monotonicMs() - startedAtMs);
      regulate(context);
    }
  }
}

// Where the process may die of one of them, all events of the round are suspects.
function mostEvents({ journal }: SessionContext, { events }: RoundPace): number {
  return journal.isWatching ? Math.min(events, FIRST_EVENTS) : events;
}

function gather(context: SessionContext, events: number): Gathered | undefined {
  const { intake, pen, clock, settings } = context;
  const allDue = pen.due(clock.monotonicMs(), ({ eventType }, { entry }) =>
    isDrained(context, eventType, entry?.partition.partition),
  );
  // The others stay due: the next round takes them.
  const due = new Set([...allDue].slice(0, AGGREGATES_PER_ROUND));
  const { deliveries, foreign } = intake.round({ events, bytes: settings.roundBytes });
  if (due.size === 0 && deliveries.length === 0 && foreign.length === 0) return undefined;
  return { deliveries: [...deliveries, ...intake.pull(due)], foreign, due };
}

function isDrained(
  { intake }: SessionContext,
  eventType: string,
  partition: number | undefined,
): boolean {
  if (partition === undefined) return true;
  return intake.get({ topic: topicOf(eventType), partition })?.isDrained() ?? true;
}

async function untilDone(
  context: SessionContext,
  gathered: Gathered,
  stop: AbortSignal,
): Promise<void> {
  const { meters, logger, restart } = context;
  for (let attempt = 1; !stop.aborted; attempt += 1) {
    try {
      await roundOnce(context, gathered);
      if (meters.over('rounds')) logger.info({}, 'consumer goes on');
      return;
    } catch (thrown) {
      if (isNovaError(thrown, errors.CONSUMER_GENERATION_RETIRED)) {
        restart('another generation serves');
        return;
      }
      if (meters.trouble('rounds', thrown)) tellTrouble(context, thrown);
      await sleep(backoffMs(OUTAGE, attempt), stop);
    }
  }
}

function tellTrouble({ logger }: SessionContext, thrown: unknown): void {
  if (isOutage(thrown)) logger.warn({ err: thrown }, 'consumer waits for a dependency');
  else logger.error({ err: thrown }, 'round failed, it is tried again');
}

async function roundOnce(context: SessionContext, gathered: Gathered): Promise<void> {
  const { pen, clock, round, epochs, log } = context;
  const isMine = ({ entry }: Delivery) => entry?.partition.isAssigned !== false;
  const fresh = gathered.deliveries.filter(isMine);
  const foreign = gathered.foreign.filter(({ entry }) => entry.partition.isAssigned);
  if (fresh.some(({ event }) => !epochs.knows(event.position.epoch))) {
    await epochs.ask(log);
  }
  const stale = fresh.filter(({ event }) => !epochs.isValid(event.position));
  const sound = await settleMarked(
    context,
    fresh.filter(({ event }) => epochs.isValid(event.position)),
  );
  const touched = new Set([...sound.map(({ aggregate }) => aggregate), ...gathered.due]);
  const held = [...touched].flatMap((aggregate) => pen.deliveriesOf(aggregate));
  const groups = byAggregate([...held.filter(isMine), ...sound]);
  if (groups.size + foreign.length + stale.length + gathered.due.size === 0) return;
  const { deliveries, condemned } = await fillGaps(context, groups, gathered.due);
  const result = await applyRound(
    context,
    round,
    roundOf(deliveries, { foreign, stale, condemned }),
    { isLive: true },
  );
  // First: if it fails, what the pen holds of these aggregates comes again with the rest.
  await refoldInvalid(context, result);
  pen.judged(touched, result.held, clock.monotonicMs());
  standStill(context, result.refused);
  noteApplied(context, result);
  tellStale(context, stale, foreign.length);
  commitHint(context, result);
}

async function refoldInvalid(context: SessionContext, { invalid }: RoundResult): Promise<void> {
  for (const { deliveries } of invalid) {
    await refold(context, nameOf(deliveries), deliveries);
  }
}

function tellStale(
  { logger }: SessionContext,
  stale: readonly Delivery[],
  foreignCount: number,
): void {
  const [first] = stale;
  if (first !== undefined) {
    const { epoch } = first.event.position;
    logger.warn({ count: stale.length, epoch }, 'records of a lost epoch dropped');
  }
  if (foreignCount > 0) logger.warn({ count: foreignCount }, 'foreign records set aside');
}

// Only a hint for tools, so once in a while is enough; the truth is in consumer_offsets.
function commitHint({ intake, source }: SessionContext, { applied }: RoundResult): void {
  if (applied.length === 0) return;
  const partitions = new Set(applied.flatMap(({ entry }) => entry?.partition ?? []));
  const offsets = new Map(
    [...partitions]
      .filter((partition) => intake.get(partition) === partition)
      .map((partition) => [partitionKey(partition), partition.settledTo]),
  );
  if (offsets.size > 0) source()?.commit(offsets);
}
