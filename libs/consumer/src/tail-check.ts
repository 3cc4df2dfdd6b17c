import { LANES, type LogPosition, partitionOf, type StoredEvent, topicOf } from '@nova/events';
import { sleep } from '@nova/time';
import { aggregateKey } from './aggregate.ts';
import { applyFromLog } from './apply-from-log.ts';
import { lanesOf } from './catch-up.ts';
import type { SessionContext } from './context.ts';
import { partitionKey } from './delivery-source.ts';
import { readMarks } from './marks.ts';
import { readBlocked } from './parking/parked-store.ts';
import type { WantedEvents } from './read-aggregates.ts';
import { countOf } from './starting.ts';
import { readTails, writeTails } from './tail.ts';

/** How far relay and topics were at some time. */
interface Sight {
  readonly atMs: number;
  /** By lane: every event at or below it was in Kafka. */
  readonly lanes: readonly bigint[];
  readonly ends: ReadonlyMap<string, bigint>;
}

const MOST_SIGHTS = 100;

/**
 * Finds events that Kafka lost. Every minute the log is read, headers only, from a cursor below
 * which everything is applied or parked. An own event above its aggregate's mark is missing when the
 * relay had published it at least 30 s ago and this consumer has since read its partition to the end
 * it then had. Missing events are read from the log and applied; the cursor stops before the first
 * event that cannot be judged yet.
 */
export class TailCheck {
  readonly #context: SessionContext;
  #sights: Sight[] = [];

  constructor(context: SessionContext) {
    this.#context = context;
  }

  async run(stop: AbortSignal): Promise<void> {
    const { settings, meters, logger, isStarting } = this.#context;
    while (!stop.aborted) {
      await sleep(settings.tailIntervalMs, stop);
      if (stop.aborted || isStarting()) continue;
      try {
        await this.check(stop);
        meters.over('tail');
      } catch (thrown) {
        if (!stop.aborted && meters.trouble('tail', thrown)) {
          logger.warn({ err: thrown }, 'tail check waits for a dependency');
        }
      }
    }
  }

  /** One check; tells how many events were missing. */
  async check(stop: AbortSignal): Promise<number> {
    const { source, log, epochs, intake, clock, settings } = this.#context;
    const open = source();
    if (open === undefined) return 0;
    // The lanes first: what they have passed is below the ends asked afterwards.
    const standing = await epochs.ask(log);
    const lanes = Array<bigint>(LANES).fill(0n);
    for (const { lane, position } of standing.lanes) lanes[lane] = position.position;
    const ends = await open.endOffsets();
    intake.deliveredTo(open.delivered());
    const now = clock.monotonicMs();
    const old = this.#sights.filter(({ atMs }) => now - atMs >= settings.tailGraceMs).at(-1);
    this.#sights = [...this.#sights, { atMs: now, lanes, ends }].slice(-MOST_SIGHTS);
    if (old === undefined) return 0;
    const numbers = [...new Set(intake.partitions().map(({ partition }) => partition))];
    const tails = await readTails(this.#context.database, this.#context.generation, numbers);
    const count = countOf(this.#context, open);
    let missing = 0;
    for (const number of numbers) {
      const from = tails.get(number);
      missing += await this.#checkPartition({ number, count, from, old, stop });
    }
    return missing;
  }

  async #checkPartition(part: {
    readonly number: number;
    readonly count: number;
    readonly from: LogPosition | undefined;
    readonly old: Sight;
    readonly stop: AbortSignal;
  }): Promise<number> {
    const { number, count, old, stop } = part;
    const { log, generation, database, meters, epochs } = this.#context;
    const lanes = lanesOf(new Set([number]), count);
    let missing = 0;
    let isJudged = true;
    meters.readLog('tail_check');
    for await (const { events, scanned } of log.readLog({
      from: part.from === undefined ? undefined : epochs.clip(part.from),
      lanes,
      eventTypes: [...generation.eventTypes.keys()],
      headersOnly: true,
      signal: stop,
    })) {
      if (stop.aborted) break;
      const unapplied = await this.#unapplied(events);
      const open = unapplied.find((event) => !this.#isOverdue(event, count, old));
      const lost = unapplied.filter(
        (event) => open === undefined || event.position.position < open.position.position,
      );
      missing += lost.length;
      await this.#fill(lost);
      isJudged = open === undefined;
      const reached = isJudged
        ? scanned
        : lastBefore(events, open?.position.position ?? 0n, part.from);
      if (reached !== undefined) await writeTails(database, generation, [number], reached);
      if (!isJudged) break;
    }
    return missing;
  }

  /** Own events above their marks whose aggregates are not blocked. */
  async #unapplied(events: readonly StoredEvent[]): Promise<readonly StoredEvent[]> {
    if (events.length === 0) return [];
    const { database, generation } = this.#context;
    const names = [...new Map(events.map((event) => [aggregateKey(event), event])).values()];
    const marks = await readMarks(database, generation, names);
    const above = events.filter(
      (event) => event.aggregateVersion > (marks.get(aggregateKey(event))?.version ?? 0n),
    );
    if (above.length === 0) return [];
    const blocked = await readBlocked(database, generation, above);
    return above.filter((event) => !blocked.has(aggregateKey(event)));
  }

  #isOverdue(event: StoredEvent, count: number, { lanes, ends }: Sight): boolean {
    const { intake } = this.#context;
    const topic = topicOf(event.eventType);
    const partition = partitionOf(event.aggregateId, count);
    const known = intake.get({ topic, partition });
    const end = ends.get(partitionKey({ topic, partition }));
    if (known === undefined || end === undefined) return false;
    // What was read and still waits or is held is not missing: settledTo stays before it.
    return event.position.position <= (lanes[event.lane] ?? 0n) && known.settledTo >= end;
  }

  async #fill(lost: readonly StoredEvent[]): Promise<void> {
    if (lost.length === 0) return;
    const { database, generation, meters, logger } = this.#context;
    const names = [...new Map(lost.map((event) => [aggregateKey(event), event])).values()];
    const marks = await readMarks(database, generation, names);
    const wanted = names.map(
      ({ aggregateType, aggregateId }): WantedEvents => ({
        aggregateType,
        aggregateId,
        afterVersion: marks.get(aggregateKey({ aggregateType, aggregateId }))?.version ?? 0n,
      }),
    );
    logger.warn({ count: lost.length }, 'events that Kafka lost are read from the log');
    meters.filled(lost.length);
    await applyFromLog(this.#context, wanted, { reason: 'fill', isRetry: false });
  }
}

function lastBefore(
  events: readonly StoredEvent[],
  position: bigint,
  from: LogPosition | undefined,
): LogPosition | undefined {
  return events.filter((event) => event.position.position < position).at(-1)?.position ?? from;
}
