import type { KafkaRecord } from '../record.ts';

/** A length that is below 2^28 takes four bytes at most, with its sign. */
const LONGEST_LENGTH = 5;

/** Records one behind the other, as they are within a record batch of version 2. */
export class RecordBytes {
  readonly #bytes: Buffer;
  #end: number;

  /**
   * @param size no less than they take
   * @param from where the first begins; what is before is not written
   */
  constructor(size: number, from: number) {
    this.#bytes = Buffer.allocUnsafe(size);
    this.#end = from;
  }

  /** Everything up to the last record. */
  all(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }

  /** Adds a record, the `index`th of its batch, with the time of the batch. */
  add({ key, value, headers }: KafkaRecord, index: number): void {
    const start = this.#end;
    this.#end += LONGEST_LENGTH;
    // Attributes, and the time since that of the batch.
    this.#bytes[this.#end] = 0;
    this.#bytes[this.#end + 1] = 0;
    this.#end += 2;
    this.#number(index);
    this.#text(key);
    this.#raw(value);
    let count = 0;
    for (const _ in headers) count += 1;
    this.#number(count);
    for (const name in headers) {
      this.#text(name);
      const content = headers[name] ?? '';
      if (typeof content === 'string') this.#text(content);
      else this.#raw(content);
    }
    this.#close(start);
  }

  // The length of a record stands before it, and is known after it.
  #close(start: number): void {
    const body = start + LONGEST_LENGTH;
    const end = this.#end;
    this.#end = start;
    this.#number(end - body);
    this.#bytes.copyWithin(this.#end, body, end);
    this.#end += end - body;
  }

  #raw(bytes: Uint8Array): void {
    this.#number(bytes.byteLength);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.byteLength;
  }

  // Most texts are ASCII and have as many bytes as characters. Where others' length takes more room
  // than was left, they are moved before it is written, or it would be written over them.
  #text(text: string): void {
    const start = this.#end;
    this.#number(text.length);
    const from = this.#end;
    const length = this.#bytes.write(text, from, 'utf8');
    if (length !== text.length) {
      this.#bytes.copyWithin(start + widthOf(length), from, from + length);
      this.#end = start;
      this.#number(length);
    }
    this.#end += length;
  }

  // Zigzag, then seven bits a byte, the lowest first. What is written here is never negative.
  #number(value: number): void {
    let left = value * 2;
    while (left >= 0x80) {
      this.#bytes[this.#end] = (left & 0x7f) | 0x80;
      this.#end += 1;
      left = Math.floor(left / 0x80);
    }
    this.#bytes[this.#end] = left;
    this.#end += 1;
  }
}

/** Bytes that a number takes. */
function widthOf(value: number): number {
  let bytes = 1;
  for (let left = value * 2; left >= 0x80; left = Math.floor(left / 0x80)) bytes += 1;
  return bytes;
}
