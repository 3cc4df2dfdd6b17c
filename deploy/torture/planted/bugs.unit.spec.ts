import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { bugs, plant } from './bugs.ts';

const root = join(import.meta.dirname, '../../..');

describe('the planted bugs', () => {
  it('are sixteen, each with a name of its own', () => {
    expect(new Set(bugs.map(({ name }) => name)).size).toBe(16);
  });

  it.each(bugs.map((bug) => [bug.name, bug] as const))(
    'can be planted into the sources as they are: %s',
    (_, { patches }) => {
      for (const patch of patches) {
        const text = readFileSync(join(root, patch.file), 'utf8');
        expect(plant(text, patch)).not.toBe(text);
      }
    },
  );

  it('cannot be planted where the source has changed', () => {
    const patch = { file: 'x.ts', find: 'b', replace: 'c' };
    expect(() => plant('a', patch)).toThrow('x.ts has 0 of «b»');
    expect(() => plant('abb', patch)).toThrow('x.ts has 2 of «b»');
    expect(plant('abb', { ...patch, everywhere: true })).toBe('acc');
  });
});
