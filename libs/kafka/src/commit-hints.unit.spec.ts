import { describe, expect, it } from '@jest/globals';
import type { Logger } from '@nova/telemetry';
import { waitFor } from '@nova/testkit';
import { CommitHints } from './commit-hints.ts';

function recording() {
  const lines: string[] = [];
  const logger: Logger = {
    debug: ({ reason }) => lines.push(`debug ${reason}`),
    info: () => lines.push('info'),
    warn: ({ reason }) => lines.push(`warn ${reason}`),
    error: () => lines.push('error'),
    child: () => logger,
  };
  return { lines, logger };
}

describe('CommitHints', () => {
  it('sends the newest offsets together after a while', async () => {
    const sent: Map<string, bigint>[] = [];
    const { logger } = recording();
    const hints = new CommitHints(
      (offsets) => Promise.resolve(void sent.push(new Map(offsets))),
      5,
      logger,
    );
    hints.note(new Map([['a:0', 1n]]));
    hints.note(
      new Map([
        ['a:0', 2n],
        ['a:1', 7n],
      ]),
    );
    await waitFor(() => sent.length === 1, { withinMs: 2000, what: 'the commit' });
    expect(sent).toEqual([
      new Map([
        ['a:0', 2n],
        ['a:1', 7n],
      ]),
    ]);
    await hints.flush();
    expect(sent).toHaveLength(1);
  });

  it.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS'])(
    'takes %s for everyday life',
    async (type) => {
      const { lines, logger } = recording();
      const refusal = Object.assign(new Error('refused'), { type });
      const hints = new CommitHints(() => Promise.reject(refusal), 1000, logger);
      hints.note(new Map([['a:0', 1n]]));
      await hints.flush();
      expect(lines).toEqual([`debug ${type}`]);
    },
  );

  it('warns of other refusals and goes on', async () => {
    const { lines, logger } = recording();
    let calls = 0;
    const send = () => {
      calls += 1;
      return calls === 1 ? Promise.reject(new Error('no broker')) : Promise.resolve();
    };
    const hints = new CommitHints(send, 1000, logger);
    hints.note(new Map([['a:0', 1n]]));
    await hints.flush();
    hints.note(new Map([['a:0', 2n]]));
    await hints.flush();
    expect({ lines, calls }).toEqual({ lines: ['warn no broker'], calls: 2 });
  });

  it('sends nothing once it is closed', async () => {
    const { lines, logger } = recording();
    const hints = new CommitHints(() => Promise.reject(new Error('sent')), 1000, logger);
    hints.note(new Map([['a:0', 1n]]));
    hints.close();
    await hints.flush();
    expect(lines).toEqual([]);
  });
});
