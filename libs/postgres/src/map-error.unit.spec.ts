import { describe, expect, it } from '@jest/globals';
import { isNovaError } from '@nova/errors';
import pg from 'pg';
import { errors } from './errors.ts';
import { leavesConnectionUsable, mapError, sqlStateOf } from './map-error.ts';

function answer(code: string, severity = 'ERROR'): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError('the text of the server', 1, 'error'), {
    code,
    severity,
  });
}

describe('mapError', () => {
  it.each([
    ['57P01', errors.POSTGRES_UNAVAILABLE],
    ['57P03', errors.POSTGRES_UNAVAILABLE],
    ['08006', errors.POSTGRES_UNAVAILABLE],
    ['25006', errors.POSTGRES_UNAVAILABLE],
    ['53300', errors.POSTGRES_UNAVAILABLE],
    ['53100', errors.POSTGRES_FULL],
    ['57014', errors.POSTGRES_TIMEOUT],
    ['55P03', errors.POSTGRES_TIMEOUT],
    ['25P04', errors.POSTGRES_TIMEOUT],
    ['40001', errors.POSTGRES_CONFLICT],
    ['40P01', errors.POSTGRES_CONFLICT],
    ['28P01', errors.POSTGRES_ACCESS_DENIED],
    ['3D000', errors.POSTGRES_ACCESS_DENIED],
    ['42501', errors.POSTGRES_ACCESS_DENIED],
    ['22021', errors.POSTGRES_TEXT_INVALID],
    ['23505', errors.POSTGRES_REFUSED],
    ['P0001', errors.POSTGRES_REFUSED],
  ])('takes SQLSTATE %s for what it means', (code, kind) => {
    const mapped = mapError(answer(code));
    expect(isNovaError(mapped, kind)).toBe(true);
    expect(sqlStateOf(mapped)).toBe(code);
  });

  it('takes a panic for the end of the server, whatever the reason', () => {
    const mapped = mapError(answer('53100', 'PANIC'));
    expect(isNovaError(mapped, errors.POSTGRES_UNAVAILABLE)).toBe(true);
  });

  it('keeps the text of the server in the cause and out of the message', () => {
    const mapped = mapError(answer('23505'));
    expect(mapped).toMatchObject({ cause: { message: 'the text of the server' } });
    expect(String(mapped)).not.toContain('the text of the server');
  });

  it('takes everything that is no answer for a lost connection', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    expect(isNovaError(mapError(refused), errors.POSTGRES_UNAVAILABLE)).toBe(true);
    expect(sqlStateOf(mapError(refused))).toBeUndefined();
  });

  it('lets mistakes of the calling code through', () => {
    const mistake = new TypeError('cannot be sent');
    expect(mapError(mistake)).toBe(mistake);
  });

  it('maps once', () => {
    const mapped = mapError(answer('40001'));
    expect(mapError(mapped)).toBe(mapped);
  });
});

describe('leavesConnectionUsable', () => {
  it('trusts a connection after a refused statement only', () => {
    expect(leavesConnectionUsable(mapError(answer('23505')))).toBe(true);
    expect(leavesConnectionUsable(mapError(answer('57P01', 'FATAL')))).toBe(false);
    expect(leavesConnectionUsable(mapError(new Error('Query read timeout')))).toBe(false);
  });
});
