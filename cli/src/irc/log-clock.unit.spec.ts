import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LogClock } from './log-clock.ts';

const of = (time: string) => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 3600 + minutes * 60;
};

function read(times: readonly string[], date = '2004-12-25'): string[] {
  const clock = new LogClock(date);
  return times.map((time) => {
    const { atMs = Number.NaN, note = '' } = clock.at(of(time)) ?? {};
    return `${new Date(atMs).toISOString().slice(5, 16)} ${note}`.trim();
  });
}

describe('LogClock', () => {
  it('goes over midnight, several times', () => {
    expect(read(['22:00', '23:59', '00:00', '12:00', '23:00', '01:00'])).toEqual([
      '12-25T22:00',
      '12-25T23:59',
      '12-26T00:00',
      '12-26T12:00',
      '12-26T23:00',
      '12-27T01:00',
    ]);
  });

  it('puts late lines around midnight on the day they belong to', () => {
    expect(read(['23:59', '00:00', '23:59', '00:01', '23:58', '00:02'])).toEqual([
      '12-25T23:59',
      '12-26T00:00',
      '12-25T23:59 from before midnight',
      '12-26T00:01',
      '12-25T23:58 from before midnight',
      '12-26T00:02',
    ]);
  });

  it('keeps small disorder within the day', () => {
    expect(read(['09:14', '09:12', '08:00', '09:15'])).toEqual([
      '12-25T09:14',
      '12-25T09:12',
      '12-25T08:00',
      '12-25T09:15',
    ]);
  });

  it('takes a long way back for the next day, and says so where it may be a 12-hour clock', () => {
    expect(read(['11:59', '00:00', '00:01'])).toEqual([
      '12-25T11:59',
      '12-26T00:00 taken as the next day',
      '12-26T00:01',
    ]);
  });

  it('keeps a long silence within the day', () => {
    expect(read(['00:30', '23:40'])).toEqual(['12-25T00:30', '12-25T23:40']);
  });

  it('follows dates in lines', () => {
    const clock = new LogClock(undefined);
    expect(clock.at(of('09:00'))).toBeUndefined();
    expect(clock.lastMs).toBeUndefined();
    clock.at(of('00:00'), '2004-12-31');
    expect(clock.at(of('23:59'))?.note).toBe('from before midnight');
    expect(clock.at(of('10:00'), '2005-01-02')?.atMs).toBe(Date.parse('2005-01-02T10:00:00Z'));
    expect(clock.lastMs).toBe(Date.parse('2005-01-02T10:00:00Z'));
  });

  it('never loses the time of day, and never goes back further than disorder allows', () => {
    const day = 86_400_000;
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 86_399 }), { minLength: 1 }), (seconds) => {
        const clock = new LogClock('2004-12-25');
        let last = Number.NEGATIVE_INFINITY;
        for (const second of seconds) {
          const { atMs = 0 } = clock.at(second) ?? {};
          expect((((atMs % day) + day) % day) / 1000).toBe(second);
          expect(atMs).toBeGreaterThanOrEqual(last - 7_200_000);
          expect(clock.lastMs).toBe(atMs);
          last = atMs;
        }
      }),
    );
  });
});
