import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root } from './source-files.ts';

/** The rooms of a service (ARCHITECTURE.md). A room may be absent; another may not exist. */
const ROOMS = ['domain', 'effects', 'rpc', 'storage', 'views'];
const FILES = /^(main|[a-z]+-main|config|errors)(\.(unit|int)\.spec)?\.ts$/;

/** Whatever lies in a service's src/ and is neither a room nor one of its few files. */
function strangers(entries: readonly { name: string; folder: boolean }[]): string[] {
  return entries
    .filter(({ name, folder }) => (folder ? !ROOMS.includes(name) : !FILES.test(name)))
    .map(({ name }) => name);
}

const services = readdirSync(join(root, 'services'));

describe('the rooms of a service', () => {
  it.each(services)('are the only things in services/%s/src', (service) => {
    const entries = readdirSync(join(root, 'services', service, 'src'), { withFileTypes: true });
    expect(
      strangers(entries.map((entry) => ({ name: entry.name, folder: entry.isDirectory() }))),
    ).toEqual([]);
  });

  it.each(services)('come with a README in services/%s', (service) => {
    expect(existsSync(join(root, 'services', service, 'README.md'))).toBe(true);
  });

  it('do not include a room of another name or a loose file', () => {
    expect(
      strangers([
        { name: 'handlers', folder: true },
        { name: 'kafka.ts', folder: false },
        { name: 'rpc', folder: true },
        { name: 'relay-main.ts', folder: false },
      ]),
    ).toEqual(['handlers', 'kafka.ts']);
  });
});
