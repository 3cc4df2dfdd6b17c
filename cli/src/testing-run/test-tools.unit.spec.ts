import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { missingTools } from './test-tools.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nova-tools-'));
  for (const [name, mode] of [
    ['kcat', 0o755],
    ['psql', 0o644],
  ] as const) {
    writeFileSync(join(folder, name), '');
    chmodSync(join(folder, name), mode);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('missingTools', () => {
  it('names those that are in no folder of the path, or not executable there', () => {
    expect(missingTools(['kcat', 'psql', 'grpcurl'], `/nonexistent::${folder}`)).toEqual([
      'psql',
      'grpcurl',
    ]);
  });
});
