/** The fields of one row of a binary COPY; null where the column is. */
export type CopyRow = readonly (Buffer | null)[];

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_BYTES = SIGNATURE.length + 8;
const END = -1;

/**
 * Reads what `COPY … TO STDOUT (FORMAT binary)` sends: a signature, flags, and rows of
 * length-prefixed fields. Chunks may be cut anywhere; fields are views into them.
 */
export class CopyBinaryParser {
  #rest: Buffer = Buffer.alloc(0);
  #hasHeader = false;
  #hasEnded = false;

  /** True after the end mark: without it the copy was cut off. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * The rows that `chunk` completes.
   *
   * @throws TypeError when the bytes are not those of a binary COPY.
   */
  push(chunk: Buffer): CopyRow[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const rows: CopyRow[] = [];
    let offset = this.#hasHeader ? 0 : this.#readHeader(bytes);
    while (this.#hasHeader && !this.#hasEnded) {
      const row = readRow(bytes, offset);
      if (row === undefined) break;
      if (row === 'end') {
        this.#hasEnded = true;
        offset = bytes.length;
      } else {
        rows.push(row.fields);
        offset = row.next;
      }
    }
    this.#rest = bytes.subarray(offset);
    return rows;
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

function readRow(
  bytes: Buffer,
  start: number,
): { readonly fields: CopyRow; readonly next: number } | 'end' | undefined {
  if (bytes.length < start + 2) return undefined;
  const count = bytes.readInt16BE(start);
  if (count === END) return 'end';
  const fields: (Buffer | null)[] = [];
  let offset = start + 2;
  for (let index = 0; index < count; index += 1) {
    if (bytes.length < offset + 4) return undefined;
    const length = bytes.readInt32BE(offset);
    offset += 4;
    if (length === -1) {
      fields.push(null);
      continue;
    }
    if (bytes.length < offset + length) return undefined;
    fields.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return { fields, next: offset };
}
