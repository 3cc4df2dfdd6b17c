import { describe, expect, it } from '@jest/globals';
import {
  fieldProblems,
  goldenProblem,
  MemoryViews,
  readRecords,
  recorded,
} from '@nova/projection/testing';
import { allViews } from './all-views.ts';

const events = recorded(readRecords(new URL('./testdata/events.json', import.meta.url)));
const memory = new MemoryViews(allViews).apply(events);

describe('the views of recorded events', () => {
  it.each(allViews.map((view) => [view.name, view] as const))('are as before: %s', (_, view) => {
    const golden = new URL('./testdata/golden/', import.meta.url);
    expect(goldenProblem(view, memory.rows(view), golden)).toBeUndefined();
  });

  it.each(allViews.map((view) => [view.name, view] as const))(
    'read of payloads what %s says that it reads',
    (_, view) => {
      expect(fieldProblems(view, events)).toEqual([]);
    },
  );

  it('are made of every event type that a view handles', () => {
    const handled = new Set(allViews.flatMap(({ handlers }) => [...handlers.keys()]));
    const told = new Set(events.map(({ eventType }) => eventType));
    expect([...handled].sort()).toEqual([...told].sort());
  });
});
