import { describe, expect, it } from '@jest/globals';
import type { ImportReport } from '../harness/import-command.ts';
import type { CountedLog } from '../workload/irc-logs.ts';
import { differing, membersHash } from '../workload/judge-import.ts';
import { faultsOf, partOf } from './e1-import.ts';

const logs: readonly CountedLog[] = [
  { conversationId: 'one', messages: 3, mentions: 1, members: new Set(['u2', 'u1']) },
  { conversationId: 'two', messages: 0, mentions: 0, members: new Set() },
];
const messages = (log: CountedLog) => String(log.messages);

describe('the oracle of an import', () => {
  it('finds nothing wrong where all is as the files have it', () => {
    expect(differing(logs, new Map([['one', '3']]), messages)).toBe(0);
    const hash = membersHash({ ...logs[0], members: new Set(['u1', 'u2']) } as CountedLog);
    expect(differing(logs, new Map([['one', hash]]), membersHash)).toBe(0);
  });

  it.each([
    ['one message less', [['one', '2']]],
    ['a conversation less', []],
    [
      'messages where there are none',
      [
        ['one', '3'],
        ['two', '1'],
      ],
    ],
    [
      'a conversation that no file has',
      [
        ['one', '3'],
        ['three', '1'],
      ],
    ],
  ] as const)('finds %s', (_what, found) => {
    expect(differing(logs, new Map(found), messages)).toBe(1);
  });

  const report: ImportReport = {
    ...{ stored: 10, refused: 0, lines: { read: 9 }, duration_ms: 1, in_kafka_ms: 1 },
    in_views: true,
    consumers: ['messaging', 'notification', 'search'].map((service) => ({
      ...{ service, state: 'applied', waited_ms: 5 },
    })),
  };
  const again = { ...report, stored: 0 };

  it('finds what a command has told of itself', () => {
    expect(faultsOf(report, again, undefined)).toBeUndefined();
    expect(faultsOf(report, report, undefined)).toBe('10 events stored again');
    expect(faultsOf({ ...report, refused: 2 }, again, 'x')).toBe('x, 2 events refused');
    expect(faultsOf({ ...report, in_views: false }, again, undefined)).toBe(
      'not all in every view',
    );
    const two = { ...report, consumers: report.consumers.slice(1) };
    expect(faultsOf(two, again, undefined)).toBe('messaging has no consumer');
  });
});

describe('a part of the logs', () => {
  it('is spread evenly, is never none and never more than all', () => {
    const all = Array.from({ length: 153 }, (_, at) => at);
    expect(partOf(all, 1)).toEqual(all);
    expect(partOf(all, 5)).toEqual(all);
    expect(partOf(all, 1 / 3)).toHaveLength(51);
    expect(partOf(all, 1e-6)).toEqual([0]);
    expect(partOf([], 1)).toEqual([]);
    expect(partOf(all, 2 / 153)).toEqual([0, 77]);
  });
});
