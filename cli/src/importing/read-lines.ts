import { Buffer } from 'node:buffer';
import { open } from 'node:fs/promises';
import { type ForeignFile, foreignFile, LineSplitter, type RawLine } from '../irc/raw-line.ts';

const CHUNK_BYTES = 256 * 1024;

/** Thrown when a file is no text. */
export class ForeignFileFound extends Error {
  readonly shape: ForeignFile;

  constructor(shape: ForeignFile) {
    super(`the file is ${shape}`);
    this.shape = shape;
  }
}

/** The lines of a file, some hundred at a time, with bounded memory. */
export async function* readLines(path: string): AsyncGenerator<readonly RawLine[]> {
  const file = await open(path);
  try {
    const splitter = new LineSplitter();
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let first = true; ; first = false) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES);
      const piece = chunk.subarray(0, bytesRead);
      const shape = first ? foreignFile(piece) : undefined;
      if (shape !== undefined) throw new ForeignFileFound(shape);
      if (bytesRead === 0) break;
      yield splitter.push(piece);
    }
    yield splitter.end();
  } finally {
    await file.close();
  }
}
