import { Buffer, isUtf8 } from 'node:buffer';

/** Bytes of a line beyond which it is cut: far above what fits into an event (256 KiB). */
const MAX_LINE_BYTES = 1024 * 1024;
const NEW_LINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A line of a log file as text, and what had to be done to make it text. */
export interface RawLine {
  /** From 1. */
  readonly number: number;
  /** Without its line end (LF or CRLF). Invalid UTF-8 became U+FFFD. */
  readonly text: string;
  /** Bytes of the line in the file, line end excluded. */
  readonly bytes: number;
  readonly validUtf8: boolean;
  /** True when the line was so long that its end was dropped. */
  readonly cut: boolean;
}

/** Why a file is no text that lines could be read from. */
export type ForeignFile = 'compressed' | 'UTF-16';

/** Looks at the first bytes of a file. */
export function foreignFile(head: Uint8Array): ForeignFile | undefined {
  const [first, second] = head;
  if (first === 0x1f && second === 0x8b) return 'compressed';
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return 'UTF-16';
  return undefined;
}

/**
 * Makes lines out of the bytes of a file, chunk by chunk, with bounded memory. Only LF ends a line:
 * a CR before it is dropped, every other control character is data. A byte order mark at the
 * beginning is dropped.
 */
export class LineSplitter {
  #number = 0;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #dropped = 0;

  /** The lines that `chunk` completes. The chunk may be reused afterwards. */
  push(chunk: Uint8Array): RawLine[] {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: RawLine[] = [];
    let from = 0;
    for (
      let end = buffer.indexOf(NEW_LINE);
      end !== -1;
      from = end + 1, end = buffer.indexOf(NEW_LINE, from)
    ) {
      lines.push(this.#finish(buffer.subarray(from, end)));
    }
    this.#keep(buffer.subarray(from));
    return lines;
  }

  /** The last line, when the file does not end with a line end. */
  end(): RawLine[] {
    return this.#restBytes === 0 && this.#dropped === 0 ? [] : [this.#finish(Buffer.alloc(0))];
  }

  #keep(piece: Buffer): void {
    const taken = piece.subarray(0, Math.max(0, MAX_LINE_BYTES - this.#restBytes));
    if (taken.length > 0) this.#rest.push(Buffer.from(taken));
    this.#restBytes += taken.length;
    this.#dropped += piece.length - taken.length;
  }

  #finish(piece: Buffer): RawLine {
    let line = piece;
    if (this.#restBytes > 0 || piece.length > MAX_LINE_BYTES) {
      this.#keep(piece);
      line = Buffer.concat(this.#rest);
    }
    const dropped = this.#dropped;
    this.#rest = [];
    this.#restBytes = 0;
    this.#dropped = 0;
    this.#number += 1;
    return toRawLine(this.#number, line, dropped);
  }
}

function toRawLine(number: number, line: Buffer, dropped: number): RawLine {
  const marked = number === 1 && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf;
  const start = marked ? 3 : 0;
  const end = dropped === 0 && line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
  const content = line.subarray(start, Math.max(start, end));
  return {
    number,
    text: content.toString('utf8'),
    bytes: content.length + dropped,
    validUtf8: isUtf8(content),
    cut: dropped > 0,
  };
}
