import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig, printConfig } from './load.ts';
import { setting } from './setting.ts';

const settings = {
  brokers: setting.list({ env: 'NOVA_T_BROKERS', doc: 'Brokers.' }),
  pollMs: setting.integer({ env: 'NOVA_T_POLL_MS', doc: 'Poll.', default: 200, min: 1, max: 1000 }),
  mode: setting.choice({ env: 'NOVA_T_MODE', doc: 'Mode.', choices: ['a', 'b'], default: 'a' }),
  verbose: setting.boolean({ env: 'NOVA_T_VERBOSE', doc: 'Verbose.', default: false }),
  database: setting.url({
    env: 'NOVA_T_DB',
    doc: 'Database.',
    protocols: ['postgres'],
    secret: true,
  }),
  note: setting.optional(setting.string({ env: 'NOVA_T_NOTE', doc: 'Note.' })),
};
const good = { NOVA_T_BROKERS: 'a:1, b:2', NOVA_T_DB: 'postgres://u:secret@h/d' };

describe('loadConfig', () => {
  it('gives typed values and defaults', () => {
    expect(loadConfig(settings, [], { ...good, NOVA_T_VERBOSE: 'true' })).toEqual({
      brokers: ['a:1', 'b:2'],
      pollMs: 200,
      mode: 'a',
      verbose: true,
      database: 'postgres://u:secret@h/d',
      note: undefined,
    });
  });

  it('reports all problems together', () => {
    const load = () =>
      loadConfig(settings, [], {
        NOVA_T_POLL_MS: '1e3',
        NOVA_T_MODE: 'c',
        NOVA_T_DB: 'mysql://x',
        NOVA_T_VERBOSE: '1',
      });
    for (const name of [
      'NOVA_T_BROKERS',
      'NOVA_T_POLL_MS',
      'NOVA_T_MODE',
      'NOVA_T_DB',
      'NOVA_T_VERBOSE',
    ]) {
      expect(load).toThrow(name);
    }
  });

  it('checks relations between settings', () => {
    const rule = ({ pollMs }: { pollMs: number }) =>
      pollMs > 500 ? 'NOVA_T_POLL_MS is slow' : undefined;
    expect(() => loadConfig(settings, [rule], { ...good, NOVA_T_POLL_MS: '600' })).toThrow(
      'is slow',
    );
  });

  it('reads a secret from a file, and refuses both forms at once', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'nova-config-')), 'url');
    writeFileSync(file, 'postgres://from-file\n');
    const fromFile = { NOVA_T_BROKERS: 'a:1', NOVA_T_DB_FILE: file };
    expect(loadConfig(settings, [], fromFile).database).toBe('postgres://from-file');
    expect(() => loadConfig(settings, [], { ...fromFile, ...good })).toThrow('both set');
    expect(() => loadConfig(settings, [], { ...fromFile, NOVA_T_DB_FILE: '/missing' })).toThrow(
      'cannot be read',
    );
  });
});

describe('printConfig', () => {
  it('masks secrets', () => {
    const printed = printConfig(settings, loadConfig(settings, [], good));
    expect(printed).toContain('NOVA_T_BROKERS=a:1,b:2');
    expect(printed).toContain('NOVA_T_DB=********');
    expect(printed).not.toContain('secret');
  });
});
