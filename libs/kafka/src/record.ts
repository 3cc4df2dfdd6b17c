/** One record as it is sent. */
export interface KafkaRecord {
  readonly key: string;
  readonly value: Uint8Array;
  /** Texts, as UTF-8; bytes only where others want them so. */
  readonly headers: Readonly<Record<string, string | Buffer>>;
}

/** Records for one partition, in the order in which they must appear there. */
export interface KafkaBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly KafkaRecord[];
}

/** Records that go into one send. */
export interface Piece {
  readonly records: readonly KafkaRecord[];
  /** An upper bound of what they take in it; counted once, as it takes a while. */
  readonly bytes: number;
}

/** A piece, and where it goes. */
export type KafkaSend = Omit<KafkaBatch, 'records'> & Piece;

// Lengths, deltas and attributes around each record and each header, generously.
const RECORD_OVERHEAD = 32;
const HEADER_OVERHEAD = 8;

// More records in one send are not sent faster, and are all in doubt together.
const MOST_RECORDS = 1000;

// Names of headers are few, and come with every record.
const MOST_NAMES = 1000;
const nameBytes = new Map<string, number>();

/** An upper bound of the bytes that a record takes in a send. */
export function sizeOf(record: KafkaRecord): number {
  let bytes = RECORD_OVERHEAD + Buffer.byteLength(record.key) + record.value.byteLength;
  for (const name in record.headers) {
    bytes += HEADER_OVERHEAD + sizeOfName(name) + Buffer.byteLength(record.headers[name] ?? '');
  }
  return bytes;
}

function sizeOfName(name: string): number {
  const known = nameBytes.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.byteLength(name);
  if (nameBytes.size < MOST_NAMES) nameBytes.set(name, bytes);
  return bytes;
}

/**
 * The first records, as many as go into a send of at most `limitBytes`. A record that is larger by
 * itself gets a send of its own: whether it fits is the broker's decision.
 */
export function firstPiece(records: readonly KafkaRecord[], limitBytes: number): Piece {
  let bytes = 0;
  let index = -1;
  for (const record of records) {
    index += 1;
    const size = sizeOf(record);
    if (index > 0 && (bytes + size > limitBytes || index >= MOST_RECORDS)) {
      return { records: records.slice(0, index), bytes };
    }
    bytes += size;
  }
  return { records, bytes };
}
