import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { errors } from '../errors.ts';
import { endpointsOf, writeEndpoints } from './endpoints.ts';
import { openState, otherOffsets, stateDirectory, stateFormat } from './open-state.ts';

describe('state folder', () => {
  let checkout: string;
  const open = (portOffset = 0) => openState({ checkout, portOffset, environment: {} });

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'nova-state-'));
  });

  afterEach(() => {
    rmSync(checkout, { recursive: true });
  });

  it('lies in the checkout, apart for each offset, or where NOVA_STATE_DIR says', () => {
    expect(open().directory).toBe(join(checkout, '.nova'));
    expect(open(2000).directory).toBe(join(checkout, '.nova/offset-2000'));
    expect(otherOffsets({ checkout, portOffset: 0, environment: {} })).toEqual([2000]);
    const environment = { NOVA_STATE_DIR: '/elsewhere' };
    expect(stateDirectory({ checkout, portOffset: 1000, environment })).toBe(
      '/elsewhere/offset-1000',
    );
  });

  it('keeps its passwords, which only this user can read', () => {
    const first = open();
    expect(open().accounts).toEqual(first.accounts);
    expect(new Set(first.accounts.map(({ password }) => password)).size).toBe(7);
    expect(first.superuserPassword).toMatch(/^[0-9a-f]{36}$/);
    expect(open(1000).superuserPassword).not.toBe(first.superuserPassword);
    const mode = statSync(join(first.directory, 'credentials.json')).mode & 0o777;
    expect(mode).toBe(0o600);
  });

  it('makes new passwords when the file was cut off', () => {
    const first = open();
    writeFileSync(join(first.directory, 'credentials.json'), '{"postgres":');
    expect(open().superuserPassword).not.toBe(first.superuserPassword);
  });

  it('refuses a folder of another version, and data without a stamp', () => {
    const { directory } = open();
    writeFileSync(join(directory, 'version.json'), '{"format":99}');
    expect(() => open()).toThrow(
      expect.objectContaining({ code: errors.SERVERS_STATE_OTHER_VERSION.code }),
    );
    rmSync(join(directory, 'version.json'));
    mkdirSync(join(directory, 'data'));
    expect(stateFormat(directory)).toBe('unknown');
    expect(() => open()).toThrow(/has format unknown/);
  });

  it('leaves addresses for programs and for shells, passwords only in the latter', () => {
    const state = open(1000);
    writeEndpoints(state, endpointsOf(state));
    const json = readFileSync(join(state.directory, 'endpoints.json'), 'utf8');
    expect(JSON.parse(json)).toMatchObject({
      events: { address: 'localhost:51051', variable: 'NOVA_EVENTS_URL' },
      kafka: { address: 'localhost:10092' },
      nova_events: { credentials: { file: 'credentials.json', entry: 'nova_events' } },
    });
    for (const { password } of state.accounts) expect(json).not.toContain(password);
    const shell = readFileSync(join(state.directory, 'env'), 'utf8');
    expect(shell).toContain(
      `export NOVA_EVENTS_DATABASE_URL='${state.databaseUrl('nova_events')}'`,
    );
    expect(shell).toContain("export NOVA_KAFKA_BROKERS='localhost:10092'");
  });

  it('brings the Node of nova to shells, in front of another one and once', () => {
    const state = open(1000);
    writeEndpoints(state, endpointsOf(state));
    const file = join(state.directory, 'env');
    const sourced = (path: string) => {
      const script = '. "$0"; . "$0"; command -v node; echo "$PATH"';
      const options = { env: { PATH: path }, encoding: 'utf8' } as const;
      return execFileSync('/bin/sh', ['-c', script, file], options).trim().split('\n');
    };
    const own = dirname(process.execPath);
    expect(sourced('/nonexistent')).toEqual([process.execPath, `${own}:/nonexistent`]);
    const found = `/nonexistent:${own}:/bin`;
    expect(sourced(found)).toEqual([process.execPath, found]);
  });
});
