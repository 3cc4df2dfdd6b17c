import { globSync } from 'node:fs';
import { join } from 'node:path';

/** Root of the checkout. */
export const root: string = join(import.meta.dirname, '..');

/** Hand-written TypeScript below `folders`, relative to the root; specs and generated files left out. */
export function sourceFiles(folders: readonly string[]): string[] {
  return globSync(
    folders.map((folder) => `${folder}/**/*.ts`),
    { cwd: root, exclude: (name) => name === 'node_modules' || name === 'gen' },
  )
    .filter((file) => !/\.(spec|d)\.ts$/.test(file))
    .sort();
}
