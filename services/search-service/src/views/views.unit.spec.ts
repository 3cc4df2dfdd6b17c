import { describe, expect, it } from '@jest/globals';
import { eventTypesOf } from '@nova/projection';
import {
  fieldProblems,
  goldenProblem,
  MemoryViews,
  readRecords,
  recorded,
} from '@nova/projection/testing';
import { views } from './views.ts';

const records = readRecords(new URL('testdata/events.json', import.meta.url));
const golden = new URL('testdata/golden/', import.meta.url);

describe('the views of search-service', () => {
  it.each(views.map((view) => [view.name, view] as const))(
    'make the same rows of %s as ever, or have another version',
    (_, view) => {
      const rows = new MemoryViews(views).apply(recorded(records)).rows(view);
      expect(goldenProblem(view, rows, golden)).toBeUndefined();
    },
  );

  it.each(views.map((view) => [view.name, view] as const))(
    'read of payloads what %s says that it reads',
    (_, view) => {
      expect(fieldProblems(view, recorded(records))).toEqual([]);
    },
  );

  it('are held to every event type that they take', () => {
    const types = new Set(records.map((record) => record.event_type));
    expect(eventTypesOf(views).filter((type) => !types.has(type))).toEqual([]);
  });

  it('make of each row the same when its events come again', () => {
    const events = recorded(records);
    const once = new MemoryViews(views).apply(events);
    const messages = views.filter(({ name }) => name === 'message_view' || name === 'comment_view');
    const twice = new MemoryViews(views).apply(events).apply(events);
    for (const view of messages) expect(twice.rows(view)).toEqual(once.rows(view));
  });
});
