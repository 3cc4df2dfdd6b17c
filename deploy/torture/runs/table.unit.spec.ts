import { describe, expect, it } from '@jest/globals';
import { tablesOf } from './table.ts';

const head = { at: '2026-11-22T08:00:00.000Z', commit: 'abc1234', cores: 2, load: 3 };
const schedule = {
  ...head,
  what: 'schedule',
  seed: 101,
  driver: 'kafkajs',
  faults: ['kill events + kill kafka', 'stop search'],
  acked: 1000,
  errors: 3,
  duplicates: 5,
  redelivered: 7,
  void: false,
  recovery: [
    { fault: 'kill', target: 'events', ms: 9000 },
    { fault: 'kill', target: 'kafka', ms: 9000 },
    { fault: 'stop', target: 'search', ms: 400 },
  ],
};
const linesOf = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

describe('the table of torture runs', () => {
  it('has a row for each schedule, and sums of all', () => {
    const text = tablesOf(linesOf(schedule, { ...schedule, seed: 102, acked: 234, void: true }));
    expect(text).toContain('2 schedules, 1 of them void, 1234 acknowledged events; nothing found');
    expect(text).toContain('broker 9000 (45 s)');
    expect(text).toContain('consumers 400 (15 s)');
    expect(text).toContain('services none (10 s)');
    expect(text).toContain(
      '| 101 | kafkajs | 1000 | 3 | 5 | 7 | 9000, 400 | kill events + kill kafka; stop search |',
    );
  });

  it('names the seeds that something was found at', () => {
    const text = tablesOf(linesOf({ ...schedule, against: { ok: false } }));
    expect(text).toContain('findings at seeds 101');
    expect(text).toContain('| 101 **bad** |');
  });

  it('tells of other runs what they counted', () => {
    const text = tablesOf(linesOf({ ...head, what: 'simulation', seeds: 500, from: 7 }));
    expect(text).toContain('| 2026-11-22, abc1234 | 3 | simulation | seeds 500, from 7 |');
  });
});
