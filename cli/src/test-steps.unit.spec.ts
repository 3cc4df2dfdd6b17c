import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repositoryRoot } from './repository.ts';
import { SUITES, TEST_STEPS } from './test-steps.ts';

describe('TEST_STEPS', () => {
  it('name only programs that exist', () => {
    const missing = TEST_STEPS.flatMap((step) => {
      if (step.kind === 'jest') return [];
      const path = join(repositoryRoot, step.directory ?? '', step.command[0]);
      return existsSync(path) ? [] : [step.name];
    });
    expect(missing).toEqual([]);
  });

  it('have something for every suite', () => {
    expect(new Set(TEST_STEPS.map(({ suite }) => suite))).toEqual(new Set(SUITES));
  });

  it('run every jest project once', async () => {
    // A plain object with the list of projects; jest.config.mjs has no types.
    const config = (await import(join(repositoryRoot, 'jest.config.mjs'))) as {
      default: { projects: { displayName: string }[] };
    };
    const projects = TEST_STEPS.flatMap((step) => (step.kind === 'jest' ? [step.project] : []));
    expect(projects).toEqual(config.default.projects.map(({ displayName }) => displayName));
  });
});
