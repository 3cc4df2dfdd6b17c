import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root } from './source-files.ts';

type Floors = Readonly<Record<string, { readonly min: string; readonly why: string }>>;

/** `npm audit` needs a service that is not reachable everywhere, so the floors are checked in. */
const floors = JSON.parse(
  readFileSync(join(import.meta.dirname, 'dependency-floors.json'), 'utf8'),
) as Floors;

/** Every version of `name` that the lockfile resolves. */
function resolvedVersions(lockfile: string, name: string): string[] {
  const key = name.replaceAll('/', '\\/');
  const pattern = new RegExp(`^  '?${key}@(\\d+\\.\\d+\\.\\d+)[^:]*'?:`, 'gm');
  return [...new Set([...lockfile.matchAll(pattern)].map((match) => match[1] ?? ''))];
}

function isBelow(version: string, floor: string): boolean {
  const [a, b] = [version, floor].map((text) => text.split('.').map(Number));
  const differs = a?.findIndex((part, i) => part !== b?.[i]) ?? -1;
  return differs >= 0 && (a?.[differs] ?? 0) < (b?.[differs] ?? 0);
}

describe('the dependency floors', () => {
  const lockfile = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8');

  it.each(Object.entries(floors))('hold for %s', (name, { min }) => {
    const versions = resolvedVersions(lockfile, name);
    expect(versions).not.toEqual([]);
    expect(versions.filter((version) => isBelow(version, min))).toEqual([]);
  });

  it('notice a version below', () => {
    expect(isBelow('1.14.3', '1.14.4')).toBe(true);
    expect(isBelow('1.9.9', '1.14.4')).toBe(true);
    expect(isBelow('2.0.0', '1.14.4')).toBe(false);
    expect(isBelow('1.14.4', '1.14.4')).toBe(false);
    expect(resolvedVersions("  '@a/b@1.2.3':\n  '@a/b@1.3.0(x@1)':\n", '@a/b')).toEqual([
      '1.2.3',
      '1.3.0',
    ]);
  });
});
