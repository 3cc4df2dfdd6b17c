import type { StoredEvent } from '@nova/events';
import { type Database, loadSql } from '@nova/postgres';
import { eventsByAggregate } from '../read-events.ts';
import { CopyBinaryParser } from './copy-binary.ts';
import { decodeRow } from './decode-row.ts';

/** The end of the log. */
export interface LogHead {
  readonly position: bigint;
  readonly epoch: string;
  /** All epochs, oldest first; the list may be newer than the rest. */
  readonly epochs: readonly Epoch[];
}

/** A part of the log that one server incarnation wrote. */
export interface Epoch {
  readonly epoch: string;
  readonly firstPosition: bigint;
}

/** What to read: positions above `after` and up to `upto`, of these lanes. */
export interface LogRange {
  readonly after: bigint;
  readonly upto: bigint;
  readonly lanes: readonly number[];
  /** Only these; empty or left out = all. */
  readonly eventTypes?: readonly string[];
  readonly rows: number;
  readonly bytes: number;
}

/** What was read: every event of the range's lanes up to `scanned`, in order. */
export interface LogWindow {
  readonly events: readonly StoredEvent[];
  readonly scanned: bigint;
  /** True when the range goes on above `scanned`. */
  readonly hasMore: boolean;
}

/** Reads the log for the relay. */
export interface LogSource {
  head(): Promise<LogHead>;
  /** `upto` must not be above a head that was read before. */
  read(range: LogRange): Promise<LogWindow>;
  /** The next events of an aggregate from a version on. */
  ofAggregate(range: AggregateRange): Promise<readonly StoredEvent[]>;
}

/** Which events of an aggregate to read. */
export interface AggregateRange {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly fromVersion: bigint;
  readonly limit: number;
}

const sql = {
  head: loadSql(new URL('./head.sql', import.meta.url)),
  epochs: loadSql(new URL('./epochs.sql', import.meta.url)),
  window: loadSql(new URL('./read-window.sql', import.meta.url)),
};

/** The log in PostgreSQL. Positions are dense and in commit order, so reading is `position > after`. */
export function logSource(database: Database): LogSource {
  let epochs: readonly Epoch[] = [];
  return {
    ofAggregate: ({ fromVersion, ...range }) =>
      eventsByAggregate(database, { ...range, afterVersion: fromVersion - 1n }),
    async head() {
      const [head] = await database.query<Omit<LogHead, 'epochs'>>(sql.head);
      if (head === undefined) return { position: 0n, epoch: '', epochs };
      // Epochs are only added, also by a log that was restored, so looking at each head is enough to
      // know the epoch of every event up to it.
      if (head.epoch !== '' && epochs.at(-1)?.epoch !== head.epoch) {
        epochs = await database.query<Epoch>(sql.epochs);
      }
      return { ...head, epochs };
    },
    async read(range) {
      const events: StoredEvent[] = [];
      let bytes = 0;
      const parser = new CopyBinaryParser();
      for await (const chunk of database.copyOut(windowSql(range))) {
        for (const row of parser.rows(chunk)) {
          const event = decodeRow(row, (position) => epochOf(epochs, position));
          bytes += event.payload.byteLength;
          events.push(event);
        }
      }
      if (!parser.hasEnded) throw new TypeError('the binary COPY has no end');
      const last = events.at(-1);
      const isCut = events.length >= range.rows || bytes >= range.bytes;
      const scanned = isCut && last !== undefined ? last.position.position : range.upto;
      return { events, scanned, hasMore: scanned < range.upto };
    },
  };
}

function windowSql(range: LogRange): string {
  const { after, upto, lanes, rows, bytes } = range;
  // Whole numbers only, so that nothing else can get into the text.
  const numbers = {
    after: BigInt(after),
    upto: BigInt(upto),
    lanes: lanes.map((lane) => BigInt(lane)).join(','),
    rows: BigInt(rows),
    bytes: BigInt(bytes),
  };
  return Object.entries(numbers).reduce(
    (text, [name, number]) => text.replace(`{${name}}`, String(number)),
    sql.window.text.replace('{types}', typesSql(range)),
  );
}

function typesSql({ eventTypes = [] }: LogRange): string {
  if (eventTypes.length === 0) return '';
  const names = eventTypes.map((name) => {
    if (!/^[a-z0-9_]+$/.test(name)) throw new TypeError(`not an event type: ${name}`);
    return `'${name}'`;
  });
  return ` AND event_type = ANY (ARRAY[${names.join(',')}])`;
}

function epochOf(epochs: readonly Epoch[], position: bigint): string {
  return epochs.findLast(({ firstPosition }) => firstPosition <= position)?.epoch ?? '';
}
