import { describe, expect, it } from '@jest/globals';
import { errorTables } from './errors-doc.ts';

describe('the error tables', () => {
  it('give every code once', async () => {
    const codes = (await errorTables()).flatMap(({ kinds }) => kinds.map(({ code }) => code));
    expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([]);
    expect(codes.length).toBeGreaterThan(3);
  });

  it('say for every row what to do, in sentences', async () => {
    const silent = (await errorTables())
      .flatMap(({ kinds }) => kinds)
      .filter(({ hint, message }) => !/\S.*\.$/.test(hint) || message === '');
    expect(silent.map(({ code }) => code)).toEqual([]);
  });

  it('keep INTERNAL for bugs', async () => {
    const kinds = (await errorTables()).flatMap(({ kinds }) => kinds);
    expect(
      kinds.filter(({ status, blame }) => (status === 'INTERNAL') !== (blame === 'bug')),
    ).toEqual([]);
  });
});
