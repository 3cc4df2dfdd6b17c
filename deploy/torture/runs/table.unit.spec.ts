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
    const text = tablesOf(
      linesOf(schedule, { ...schedule, seed: 102, acked: 234, errors: 0, void: true }),
    );
    expect(text).toContain('2 schedules, 1 of them void, 1234 acknowledged events; nothing found');
    expect(text).toContain('In 1 clients saw errors and something came again');
    expect(text).toContain('in the other 0 that are not void one of both.');
    expect(text).toContain(
      '| 101 | kafkajs | 1000 | 3 | 5 | 7 | 9000, 400 | kill events + kill kafka; stop search |',
    );
  });

  it('tells recovery by the slowest that a bout breaks, and of single faults by itself', () => {
    const text = tablesOf(linesOf(schedule));
    const there = 'all that the bout broke being there again';
    expect(text).toContain(`| ${there} | broker | 45 | 9000 of 1 | none |`);
    expect(text).toContain(`| ${there} | consumers | 15 | 400 of 1 | 400 of 1 |`);
    expect(text).toContain(`| ${there} | services | 10 | none | none |`);
    expect(text).not.toContain('being lifted');
  });

  it('keeps rows apart whose recovery was counted from another moment', () => {
    const recovery = [
      { fault: 'kill', target: 'events', ms: 12_000 },
      { fault: 'kill', target: 'kafka', ms: 12_000 },
      { fault: 'stop', target: 'search', ms: 700 },
    ];
    const text = tablesOf(linesOf(schedule, { ...schedule, recovery, recoveryFrom: 'lifted' }));
    const lifted = 'the last fault of the bout being lifted';
    expect(text).toContain(`| ${lifted} | broker | 45 | 12000 of 1 | none |`);
    expect(text).toContain(`| ${lifted} | consumers | 15 | 700 of 1 | 700 of 1 |`);
    expect(text).toContain('being there again | broker | 45 | 9000 of 1 | none |');
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
