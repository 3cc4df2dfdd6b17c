import { describe, expect, it } from '@jest/globals';
import { dateInName } from './file-date.ts';

describe('dateInName', () => {
  it.each([
    ['2004-12-25.train-c.raw.txt', '2004-12-25'],
    ['#ubuntu.2004_12_25.log', '2004-12-25'],
    ['freenode_#x_20041225.log', '2004-12-25'],
    ['2004.12.25', '2004-12-25'],
    ['2004-12-25_to_2004-12-26.log', '2004-12-25'],
    ['99999999-2008-02-29.log', '2008-02-29'],
  ])('finds the day in %s', (name, date) => {
    expect(dateInName(name)).toBe(date);
  });

  it.each([
    'ubuntu.log',
    '12-25.log',
    '2004-13-01.log',
    '2005-02-29.log',
    '2004-12.25',
    '120041225',
  ])('finds no day in %s', (name) => {
    expect(dateInName(name)).toBeUndefined();
  });
});
