import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { mendLinks } from './binaries.ts';
import { hbaConf, postgresConf } from './configuration.ts';
import { accountStatements, unexpectedErrors } from './roles.ts';
import { type System, unprivileged } from './unprivileged.ts';

const base = mkdtempSync(join(tmpdir(), 'nova-links-'));
afterAll(() => rmSync(base, { recursive: true }));

describe('mendLinks', () => {
  it('makes missing and dangling links, relative to their folder, and only those', () => {
    mkdirSync(join(base, 'native/lib'), { recursive: true });
    writeFileSync(join(base, 'native/lib/libpq.so.5.18'), 'library');
    const links = ['libpq.so', 'libpq.so.5'].map((name) => ({
      source: 'native/lib/libpq.so.5.18',
      target: `native/lib/${name}`,
    }));
    writeFileSync(join(base, 'native/pg-symlinks.json'), JSON.stringify(links));
    expect(mendLinks(base)).toHaveLength(2);
    expect(readFileSync(join(base, 'native/lib/libpq.so.5'), 'utf8')).toBe('library');
    expect(mendLinks(base)).toEqual([]);
    rmSync(join(base, 'native/lib/libpq.so'));
    expect(mendLinks(base)).toEqual(['native/lib/libpq.so']);
    expect(existsSync(join(base, 'native/lib/libpq.so'))).toBe(true);
  });
});

describe('postgresConf', () => {
  const configuration = { port: 5, durable: true, access: 'own', maxConnections: 9 } as const;

  it('keeps every acknowledged commit, and only this machine reaches it', () => {
    const text = postgresConf(configuration);
    for (const line of [
      'fsync = on',
      'synchronous_commit = on',
      "listen_addresses = '127.0.0.1'",
      "unix_socket_directories = ''",
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  it('gives up fsync for specs, but not synchronous_commit', () => {
    const text = postgresConf({ ...configuration, durable: false });
    expect(text).toContain('fsync = off');
    expect(text).toContain('synchronous_commit = on');
  });

  it('lets nobody in without a password, and each role only into its own database', () => {
    const rules = hbaConf(configuration).split('\n').slice(2, -1);
    expect(rules).toEqual([
      expect.stringMatching(/^host all +postgres 127.0.0.1\/32 scram-sha-256$/),
      expect.stringMatching(/^host sameuser +all +127.0.0.1\/32 scram-sha-256$/),
    ]);
  });
});

describe('accountStatements', () => {
  it('is one statement a line, as single-user mode wants it', () => {
    const text = accountStatements("o'neil", [{ name: 'nova_events', password: 'x' }]);
    expect(text.split('\n').every((line) => !line.endsWith(';'))).toBe(true);
    expect(text).toContain("ALTER ROLE postgres PASSWORD 'o''neil'");
    expect(text).toContain('CREATE DATABASE nova_events OWNER nova_events');
  });

  it.each(['Nova', 'a-b', 'x; DROP', ''])('refuses the role name %p', (name) => {
    expect(() => accountStatements('x', [{ name, password: 'x' }])).toThrow(TypeError);
  });

  it('takes an existing database for no error, and any other for one', () => {
    const output = [
      '2026 [7] ERROR:  database "nova_events" already exists',
      '2026 [7] ERROR:  permission denied',
      'backend> PANIC:  no space',
    ].join('\n');
    expect(unexpectedErrors(output)).toEqual([
      '2026 [7] ERROR:  permission denied',
      'backend> PANIC:  no space',
    ]);
  });
});

describe('unprivileged', () => {
  const system = (runs: (words: string) => boolean): System => ({
    isRoot: true,
    runs: (file, args) => runs([file, ...args].join(' ')),
  });

  it('adds nothing for a normal user', () => {
    const normal = { isRoot: false, runs: () => false };
    expect(unprivileged('/pg', '/data', normal).words).toEqual([]);
  });

  it('prefers a user namespace', () => {
    const { words } = unprivileged(
      '/pg',
      '/data',
      system(() => true),
    );
    expect(words.slice(0, 2)).toEqual(['unshare', '-U']);
  });

  it('falls back to an existing user where namespaces are forbidden', () => {
    const forbidden = system((words) => !words.startsWith('unshare') && words.includes('nobody'));
    expect(unprivileged('/pg', '/data', forbidden).words[0]).toBe('setpriv');
    const noSetpriv = system((words) => words.startsWith('runuser -u nobody'));
    expect(unprivileged('/pg', '/data', noSetpriv).words).toEqual([
      'runuser',
      '-u',
      'nobody',
      '--',
    ]);
  });

  it('says which path the user cannot reach', () => {
    const hidden = system((words) => words.startsWith('setpriv') && !words.includes('/data'));
    expect(() => unprivileged('/pg', '/data', hidden)).toThrow(/user nobody cannot reach \/data/);
  });
});
