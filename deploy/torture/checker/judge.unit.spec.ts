import { describe, expect, it } from '@jest/globals';
import { type AskedEvent, History, type HistoryLine } from './history.ts';
import { judge } from './judge.ts';
import type { LogRow, Observation, SeenView, TopicRow } from './observation.ts';
import type { Verdict } from './verdict.ts';

const at = 0;
const payloadOf = (n: number) => ({ message_id: `m${n}`, sender_id: 'ada', content: `word ${n}` });
const asked = (n: number, more: Partial<AskedEvent> = {}): HistoryLine => ({
  at,
  kind: 'asked',
  request: `r${n}`,
  events: [
    { id: `e${n}`, type: 'message_created', aggregate: 'a', payload: payloadOf(n), ...more },
  ],
});
const acknowledged = (n: number, version = n, position = n): HistoryLine => ({
  at,
  kind: 'acknowledged',
  request: `r${n}`,
  events: [{ id: `e${n}`, version, position }],
});
const failed = (n: number): HistoryLine => ({
  at,
  kind: 'failed',
  request: `r${n}`,
  reason: 'UNAVAILABLE',
});
const refused = (n: number): HistoryLine => ({
  at,
  kind: 'refused',
  request: `r${n}`,
  reason: 'ABORTED',
});
const row = (n: number, more: Partial<LogRow> = {}): LogRow => ({
  position: n,
  id: `e${n}`,
  type: 'message_created',
  aggregate: 'a',
  version: n,
  sequence: n,
  storedAt: `t${n}`,
  payload: JSON.stringify(payloadOf(n)),
  ...more,
});
const record = (n: number, more: Partial<TopicRow> = {}): TopicRow => ({
  topic: 'nova_events_message_created',
  partition: 0,
  key: 'a',
  id: `e${n}`,
  version: n,
  payload: JSON.stringify(payloadOf(n)),
  ...more,
});
const counted = (messages: number, last = messages): SeenView => ({
  view: 'activity',
  rows: [['a', String(messages), '0', `t${last}`]],
  parked: new Map(),
});
const text = (n: number, more = '') => ['a', `m${n}`, `${n}`, `${n}`, 'ada', `word ${n}${more}`];
const texts = (...rows: string[][]): SeenView => ({ view: 'messages', rows, parked: new Map() });

interface Case {
  readonly history?: readonly HistoryLine[];
  readonly log?: readonly LogRow[];
  readonly topics?: readonly TopicRow[];
  readonly views?: readonly SeenView[];
}

/** Three events that were asked for, acknowledged, published and applied; but for what is given. */
function verdictOf({ history = [], log, topics, views }: Case = {}): Verdict {
  const seen: Observation = {
    log: log ?? [row(1), row(2), row(3)],
    topics: topics ?? [record(1), record(2), record(3)],
    topicNames: new Set(['nova_events_message_created']),
    views: views ?? [counted(3), texts(text(1), text(2), text(3))],
    parkedInRelay: 0,
  };
  const usual = [1, 2, 3].flatMap((n) => [asked(n), acknowledged(n)]);
  const run: HistoryLine = { at, kind: 'run', seed: 7, commit: 'abc' };
  return judge(new History([run, ...(history.length > 0 ? history : usual)]), seen);
}

describe('the checker', () => {
  it('finds nothing where all is well, but calls a run void in which nothing went wrong', () => {
    const { ok, void: isVoid, acked, stored, seed, commit, unknown } = verdictOf();
    expect({ ok, isVoid, acked, stored, seed, commit, unknown }).toEqual({
      ok: true,
      isVoid: true,
      acked: 3,
      stored: 3,
      seed: 7,
      commit: 'abc',
      unknown: { stored: 0, absent: 0 },
    });
  });

  it('names all schedules that it judges, and the last of them', () => {
    const run = (seed: number): HistoryLine => ({ at, kind: 'run', seed, commit: 'def' });
    const usual = [1, 2, 3].flatMap((n) => [asked(n), acknowledged(n)]);
    const { seed, seeds, commit } = verdictOf({ history: [run(8), ...usual, run(9)] });
    expect({ seed, seeds, commit }).toEqual({ seed: 9, seeds: [7, 8, 9], commit: 'def' });
  });

  it('counts duplicates in a topic, in any order, and takes them for no inversion', () => {
    const again = [1, 2, 3, 2, 1, 3].map((n) => record(n));
    expect(verdictOf({ topics: again })).toMatchObject({
      ok: true,
      void: false,
      duplicates: 3,
      inversions: { count: 0 },
    });
  });

  it('takes a run for no void one in which consumers got events again', () => {
    const again: HistoryLine = { at, kind: 'redelivered', target: 'search', events: 4 };
    const history = [asked(1), acknowledged(1), asked(2), acknowledged(2), again];
    expect(verdictOf({ history: [...history, asked(3), acknowledged(3), again] })).toMatchObject({
      ok: true,
      void: false,
      redelivered: 8,
    });
  });

  it('leaves open what was never answered, stored or not', () => {
    const history = [asked(1), acknowledged(1), asked(2), failed(2), asked(3), asked(4), failed(4)];
    expect(verdictOf({ history })).toMatchObject({
      ok: true,
      void: false,
      clientErrors: 2,
      unknown: { stored: 2, absent: 1 },
    });
  });

  type Field =
    | 'lost'
    | 'invented'
    | 'appliedTwice'
    | 'inversions'
    | 'viewMismatches'
    | 'conditionsBroken';
  const usual = [1, 2, 3].flatMap((n) => [asked(n), acknowledged(n)]);
  const notice = (source: string) => ({
    type: 'notification_created',
    aggregate: 'n',
    version: 1,
    sequence: 1,
    payload: JSON.stringify({ source_event_id: source }),
  });

  it.each<[string, Field, Case]>([
    ['an acknowledged event is not in the log', 'lost', { log: [row(1), row(2)] }],
    ['an event is not in its topic', 'lost', { topics: [record(1), record(3)] }],
    ['an event was never asked for', 'invented', { history: usual.slice(0, 4) }],
    ['a refused event is stored', 'invented', { history: [...usual.slice(0, 5), refused(3)] }],
    [
      'an event is stored with another content',
      'invented',
      { log: [row(1), row(2), row(3, { payload: '{}' })] },
    ],
    [
      'a notice follows from nothing',
      'invented',
      { log: [row(1), row(2), row(3), row(4, notice('e9'))] },
    ],
    [
      'an answer tells another place',
      'invented',
      { history: [...usual.slice(0, 5), acknowledged(3, 4, 4)] },
    ],
    [
      'a topic has what the log does not',
      'invented',
      { topics: [1, 2, 3, 4].map((n) => record(n)) },
    ],
    [
      'a topic has another content',
      'invented',
      { topics: [record(1), record(2, { payload: '{}' }), record(3)] },
    ],
    [
      'a topic has another version',
      'invented',
      { topics: [record(1), record(2), record(3, { version: 4 })] },
    ],
    [
      'the log has an event twice',
      'appliedTwice',
      { log: [row(1), row(2), row(3), row(4, { id: 'e3' })] },
    ],
    ['a counter is too high', 'appliedTwice', { views: [counted(4)] }],
    [
      'a row is there again',
      'appliedTwice',
      { views: [texts(text(1), text(2), text(3), text(3))] },
    ],
    ['first occurrences are swapped', 'inversions', { topics: [1, 3, 2].map((n) => record(n)) }],
    ['a version is missing in the log', 'inversions', { log: [row(1), row(3, { version: 3 })] }],
    ['a counter is too low', 'viewMismatches', { views: [counted(2)] }],
    ['a counter has the time of another event', 'viewMismatches', { views: [counted(3, 2)] }],
    ['a row is missing', 'viewMismatches', { views: [texts(text(1), text(3))] }],
    ['a row is another', 'viewMismatches', { views: [texts(text(1), text(2, '!'), text(3))] }],
    [
      'an event that nobody can apply was skipped',
      'viewMismatches',
      { log: [row(1), row(2, { payload: '{' }), row(3)] },
    ],
    [
      'an event is stored although its condition failed',
      'conditionsBroken',
      { history: [...usual.slice(0, 4), asked(3, { onVersion: 1 }), acknowledged(3)] },
    ],
  ])('says no when %s', (_, field, given) => {
    const verdict = verdictOf(given);
    expect(verdict.ok).toBe(false);
    expect(verdict[field].count).toBeGreaterThan(0);
  });

  it('takes a parked aggregate for what came before, and counts it', () => {
    const parked = new Map([['a', 2]]);
    const views: SeenView[] = [
      { ...counted(1), parked },
      { ...texts(text(1)), parked },
    ];
    expect(verdictOf({ views })).toMatchObject({ ok: true, parked: 2 });
  });

  it('wants each fault to be recovered from, and tells how long that took', () => {
    const usualAndFaults = (...lines: HistoryLine[]) => [...usual, ...lines];
    const healed: HistoryLine = { at, kind: 'healed', fault: 'kill', target: 'relay' };
    const recovered: HistoryLine = { ...healed, kind: 'recovered', ms: 1500 };
    expect(verdictOf({ history: usualAndFaults(healed, recovered) })).toMatchObject({
      ok: true,
      recovery: [{ fault: 'kill', target: 'relay', ms: 1500 }],
    });
    expect(verdictOf({ history: usualAndFaults(healed, recovered, healed) })).toMatchObject({
      ok: false,
      notRecovered: ['kill relay'],
    });
  });

  it('tells the most memory of each process', () => {
    const memory = (bytes: number): HistoryLine => ({ at, kind: 'memory', target: 'relay', bytes });
    expect(verdictOf({ history: [...usual, memory(5), memory(9), memory(7)] }).memory).toEqual({
      relay: 9,
    });
  });
});
