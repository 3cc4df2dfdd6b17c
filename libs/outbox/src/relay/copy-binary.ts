const HEX = Buffer.from('0123456789abcdef', 'latin1');
const UUID_BYTES = 16;
/** One uuid after the other is written here: pieces of a text, put together, would be objects each. */
const written = Buffer.alloc(36, '-');
/** Where its digits are, two for each byte. */
const DIGITS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/** The fields of one row of a binary COPY, where they came: a view of each would cost as much as reading it. */
export class CopyRow {
  readonly #bytes: Buffer;
  /** Where each field begins and ends, one after the other; -1 where the column is null. */
  readonly #places: readonly number[];

  constructor(bytes: Buffer, places: readonly number[]) {
    this.#bytes = bytes;
    this.#places = places;
  }

  get columns(): number {
    return this.#places.length / 2;
  }

  isNull(column: number): boolean {
    return this.#places[2 * column] === -1;
  }

  int16(column: number): number {
    return this.#bytes.readInt16BE(this.#start(column));
  }

  int32(column: number): number {
    return this.#bytes.readInt32BE(this.#start(column));
  }

  int64(column: number): bigint {
    return this.#bytes.readBigInt64BE(this.#start(column));
  }

  /** As a number that is exact up to 2^53; a fifth of the time of a bigint. */
  about64(column: number): number {
    const start = this.#start(column);
    return this.#bytes.readInt32BE(start) * 2 ** 32 + this.#bytes.readUInt32BE(start + 4);
  }

  text(column: number): string {
    return this.#bytes.toString('utf8', this.#start(column), this.#places[2 * column + 1]);
  }

  uuid(column: number): string {
    const start = this.#start(column);
    for (let at = 0; at < UUID_BYTES; at += 1) {
      const byte = this.#bytes[start + at] ?? 0;
      const digits = DIGITS[at] ?? 0;
      written[digits] = HEX[byte >> 4] ?? 0;
      written[digits + 1] = HEX[byte & 0x0f] ?? 0;
    }
    return written.toString('latin1');
  }

  /** A view of the field. */
  bytes(column: number): Buffer {
    return this.#bytes.subarray(this.#start(column), this.#places[2 * column + 1]);
  }

  #start(column: number): number {
    const start = this.#places[2 * column];
    if (start === undefined || start === -1) throw new TypeError(`column ${column} is null`);
    return start;
  }
}

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_BYTES = SIGNATURE.length + 8;
const END = -1;

/**
 * Reads what `COPY … TO STDOUT (FORMAT binary)` sends: a signature, flags, and rows of
 * length-prefixed fields. Chunks may be cut anywhere; rows keep them.
 */
export class CopyBinaryParser {
  // Of the row that is being read: an array for each would be a tenth of what a relay allocates.
  readonly #places: number[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #hasHeader = false;
  #hasEnded = false;

  /** True after the end mark: without it the copy was cut off. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * The rows that `chunk` completes, each good until the next is asked for.
   *
   * @throws TypeError when the bytes are not those of a binary COPY.
   */
  *rows(chunk: Buffer): Generator<CopyRow> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const row = new CopyRow(bytes, this.#places);
    let offset = this.#hasHeader ? 0 : this.#readHeader(bytes);
    while (this.#hasHeader && !this.#hasEnded) {
      const next = readRow(bytes, offset, this.#places);
      if (next === undefined) break;
      if (next === 'end') {
        this.#hasEnded = true;
        offset = bytes.length;
      } else {
        offset = next;
        yield row;
      }
    }
    this.#rest = bytes.subarray(offset);
  }

  #readHeader(bytes: Buffer): number {
    if (bytes.length < HEADER_BYTES) return 0;
    if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) {
      throw new TypeError('this is not a binary COPY');
    }
    const extension = bytes.readInt32BE(SIGNATURE.length + 4);
    if (bytes.length < HEADER_BYTES + extension) return 0;
    this.#hasHeader = true;
    return HEADER_BYTES + extension;
  }
}

/** Where the row at `start` ends, once `places` say where its fields are; undefined while it is cut. */
function readRow(bytes: Buffer, start: number, places: number[]): number | 'end' | undefined {
  if (bytes.length < start + 2) return undefined;
  const count = bytes.readInt16BE(start);
  if (count === END) return 'end';
  let offset = start + 2;
  for (let index = 0; index < count; index += 1) {
    if (bytes.length < offset + 4) return undefined;
    const length = bytes.readInt32BE(offset);
    offset += 4;
    const isNull = length === -1;
    if (!isNull && bytes.length < offset + length) return undefined;
    places[2 * index] = isNull ? -1 : offset;
    if (!isNull) offset += length;
    places[2 * index + 1] = isNull ? -1 : offset;
  }
  places.length = 2 * count;
  return offset;
}
