import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ImportEvent } from '../irc/import-event.ts';
import { Batch } from './batch.ts';
import { type CallResult, publishWhole } from './publish-whole.ts';

const event = (line: number, content = 'x'): ImportEvent => ({
  eventId: `event-${line}`,
  eventType: 'message_created',
  aggregateId: 'conversation',
  payload: { content },
  occurredAtMs: 0,
  line,
});

describe('publishWhole', () => {
  it('brings every event to its own outcome, in order, whatever is too much or wrong', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 10 }),
        async (valid, most) => {
          const stored: number[] = [];
          const publish = publishWhole((events): Promise<CallResult> => {
            if (events.length > most) return Promise.resolve({ outcome: 'too large' });
            const wrong = events.flatMap(({ line }, index) => (valid[line] ? [] : [index]));
            if (wrong.length > 0) {
              // A server names at most so many.
              const named = wrong.slice(0, 3).map((index) => [index, 'is wrong'] as const);
              return Promise.resolve({ outcome: 'invalid', events: new Map(named) });
            }
            stored.push(...events.map(({ line }) => line));
            return Promise.resolve({
              outcome: 'answered',
              events: events.map(() => 'new' as const),
            });
          });
          const outcomes = await publish(valid.map((_, index) => event(index)));
          expect(outcomes).toEqual(
            valid.map((ok) => (ok ? 'new' : { refused: 'INVALID_ARGUMENT', message: 'is wrong' })),
          );
          expect(stored).toEqual(valid.flatMap((ok, index) => (ok ? [index] : [])));
        },
      ),
    );
  });

  it('reports a single event that no call can carry', async () => {
    const publish = publishWhole(() => Promise.resolve({ outcome: 'too large' }));
    expect(await publish([event(1)])).toEqual([
      { refused: 'TOO_LARGE', message: 'it is larger than a call may be' },
    ]);
  });
});

describe('Batch', () => {
  it('keeps order, loses nothing, and stays within what a call may carry', () => {
    const sizes = fc.array(fc.nat({ max: 200_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(sizes, fc.nat({ max: 1200 }), (large, small) => {
        const events = [
          ...large.map((size) => 'y'.repeat(size)),
          ...Array.from({ length: small }, () => 'z'),
        ].map((content, index) => event(index, content));
        const batch = new Batch();
        const batches = events.flatMap((each) => {
          const full = batch.add(each);
          return full === undefined ? [] : [full];
        });
        batches.push(batch.take());
        expect(batches.flat()).toEqual(events);
        for (const taken of batches) {
          expect(taken.length).toBeLessThanOrEqual(500);
          const bytes = taken.reduce((sum, { payload }) => sum + JSON.stringify(payload).length, 0);
          expect(taken.length === 1 || bytes <= 768 * 1024).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });
});
