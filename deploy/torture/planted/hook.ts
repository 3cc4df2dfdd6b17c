// Loaded before everything else of a test process (node --import): plants the bug that NOVA_PLANTED
// names into nova's sources as they are read. Nothing of it is in the sources themselves.
import fs from 'node:fs';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processEnvironment } from '@nova/config';
import type { Bug } from './bug.ts';
import { bugNamed, plant } from './bugs.ts';

const root = join(import.meta.dirname, '../../..');
const name = processEnvironment['NOVA_PLANTED'] ?? '';
if (name !== '') plantAll(bugNamed(name));

function plantAll({ patches }: Bug): void {
  const planted = (path: string, text: string): string =>
    patches
      .filter(({ file }) => join(root, file) === path)
      .reduce((changed, patch) => plant(changed, patch), text);
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.startsWith('file:') || loaded.source === null || loaded.source === undefined) {
        return loaded;
      }
      const path = fileURLToPath(url);
      if (!patches.some(({ file }) => join(root, file) === path)) return loaded;
      return { ...loaded, source: planted(path, text(loaded.source)) };
    },
  });
  // SQL is read as files.
  const read = fs.readFileSync;
  const reading = (path: string | URL, encoding?: BufferEncoding): string | Buffer => {
    if (encoding === undefined) return read(path);
    return planted(pathOf(path), read(path, encoding));
  };
  Object.assign(fs, { readFileSync: reading });
  syncBuiltinESMExports();
}

function pathOf(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path;
}

function text(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  if (typeof source === 'string') return source;
  if (source instanceof ArrayBuffer) return Buffer.from(source).toString();
  return Buffer.from(source.buffer, source.byteOffset, source.byteLength).toString();
}
