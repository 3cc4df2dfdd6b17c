import { describe, expect, it } from '@jest/globals';
import { defineErrors, reasonOf } from './catalogue.ts';
import { messageOf } from './describe.ts';
import { isNovaError, NovaError } from './nova-error.ts';

const row = {
  message: '{what} is {state}',
  status: 'UNAVAILABLE',
  retry: 'backoff',
  blame: 'operator',
  hint: 'Wait.',
} as const;
const errors = defineErrors({ TEST_GONE: row, TEST_OTHER: row });

describe('NovaError', () => {
  it('fills its message and keeps code, parameters and cause', () => {
    const cause = new Error('refused');
    const error = new NovaError(errors.TEST_GONE, { what: 'kafka' }, { cause });
    expect(error.message).toBe('kafka is {state}');
    expect(error).toMatchObject({ code: 'NOVA_TEST_GONE', params: { what: 'kafka' }, cause });
    expect(reasonOf(error.kind)).toBe('TEST_GONE');
  });

  it('is recognised by brand and kind, and nothing else is', () => {
    const error = new NovaError(errors.TEST_GONE);
    expect(isNovaError(error)).toBe(true);
    expect(isNovaError(error, errors.TEST_GONE)).toBe(true);
    expect(isNovaError(error, errors.TEST_OTHER)).toBe(false);
    for (const other of [new Error('x'), { code: 'NOVA_TEST_GONE' }, null, 'x']) {
      expect(isNovaError(other)).toBe(false);
    }
  });
});

describe('defineErrors', () => {
  it('refuses a reason that is not AREA_WHAT', () => {
    expect(() => defineErrors({ gone: row })).toThrow('not AREA_WHAT');
  });
});

describe('messageOf', () => {
  it('describes whatever was thrown', () => {
    expect(messageOf(new Error('a'))).toBe('a');
    expect(messageOf('b')).toBe('b');
    expect(messageOf(new AggregateError([new Error('c'), 'd']))).toBe('c; d');
  });
});
