import { describe, expect, it } from '@jest/globals';
import { eventTypesOf } from '@nova/projection';
import {
  fieldProblems,
  goldenProblem,
  MemoryViews,
  readRecords,
  recorded,
} from '@nova/projection/testing';
import type { JsonObject } from '@nova/proto/runtime';
import { conversationView } from './conversation_view/conversation-view.ts';
import { memberView } from './member_view/member-view.ts';
import { mentionView } from './mention_view/mention-view.ts';
import { messageView } from './message_view/message-view.ts';
import { reactionView } from './reaction_view/reaction-view.ts';
import { rosterView } from './roster_view/roster-view.ts';
import { views } from './views.ts';

const records = readRecords(new URL('./testdata/recorded-events.json', import.meta.url));

const uuid = (n: number) => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;
const ROOM = uuid(900);
const room = { conversation_id: ROOM };

type Step = readonly [event: string, payload: JsonObject];

const record = ([event_type, payload]: Step) => ({ event_type, aggregate_id: ROOM, payload });

/** The views after these events of one conversation. */
const after = (...steps: readonly Step[]) =>
  new MemoryViews(views).apply(recorded(steps.map(record)));

const join = (n: number, role?: string): Step => [
  'member_added',
  { user_id: uuid(n), ...(role === undefined ? {} : { role }) },
];
const leave = (n: number): Step => ['member_removed', { user_id: uuid(n) }];
const send = (id: number, by: number, mentions: readonly number[] = []): Step => [
  'message_created',
  {
    message_id: uuid(id),
    sender_id: uuid(by),
    content: `${id}`,
    mentioned_user_ids: mentions.map(uuid),
  },
];

const edit = (id: number, mentions: readonly number[]): Step => [
  'message_edited',
  {
    message_id: uuid(id),
    editor_id: uuid(1),
    content: 'x',
    mentioned_user_ids: mentions.map(uuid),
  },
];

describe('the views', () => {
  const memory = new MemoryViews(views).apply(recorded(records));

  it.each(views.map((view) => [view.name, view] as const))(
    'make of recorded events what %s made of them before',
    (_, view) => {
      const golden = new URL('./testdata/golden/', import.meta.url);
      expect(goldenProblem(view, memory.rows(view), golden)).toBeUndefined();
    },
  );

  it.each(views.map((view) => [view.name, view] as const))(
    'read of payloads what %s says that it reads',
    (_, view) => {
      expect(fieldProblems(view, recorded(records))).toEqual([]);
    },
  );

  it('are all made of types that were recorded', () => {
    const types = new Set(records.map(({ event_type }) => event_type));
    expect(eventTypesOf(views).filter((type) => !types.has(type))).toEqual([]);
    expect(views.filter((view) => memory.rows(view).length === 0)).toEqual([]);
  });

  it('accept every event as the first of its aggregate', () => {
    const alone = recorded(records).map((event) => new MemoryViews(views).apply([event]));
    expect(alone).toHaveLength(records.length);
  });

  it('give the same rows whichever way aggregates are mixed', () => {
    const events = recorded(records);
    const byAggregate = Map.groupBy(events, ({ aggregateId }) => aggregateId);
    const apart = new MemoryViews(views).apply([...byAggregate.values()].reverse().flat());
    for (const view of views) expect(apart.rows(view)).toEqual(memory.rows(view));
  });
});

describe('a message', () => {
  it('costs the same rows, however many members there are', () => {
    const rowsOf = (members: number, step: Step) => {
      const steps = [...Array.from({ length: members }, (_, n) => join(n + 1)), step];
      const events = recorded(steps.map(record));
      const memory = new MemoryViews(views).apply(events.slice(0, -1));
      const rows = () => views.flatMap((view) => memory.rows(view));
      const before = new Set(rows());
      memory.apply(events.slice(-1));
      return rows().filter((row) => !before.has(row)).length;
    };
    expect([2, 300].map((members) => rowsOf(members, send(5000, 1)))).toEqual([2, 2]);
    expect([2, 300].map((members) => rowsOf(members, send(5000, 1, [2, 3, 4])))).toEqual([5, 5]);
  });

  it('has the type sequence for its number, also after another with the same id', () => {
    const memory = after(join(1), send(10, 1), send(10, 1), send(11, 1));
    const sequences = memory.rows(messageView).map(({ sequence }) => sequence);
    expect(sequences).toEqual([1, 3]);
    expect(memory.row(conversationView, room)?.last_sequence).toBe(3);
  });

  it('mentions whoever it names now, first of all or by an edit', () => {
    const memory = after(send(10, 1, [2]), edit(10, [3, 3]));
    const key = { ...room, message_id: uuid(10) };
    expect(memory.row(messageView, key)?.mentioned_user_ids).toEqual([uuid(3)]);
    const versions = memory.rows(mentionView).map(({ user_id, version }) => [user_id, version]);
    expect(versions).toEqual([
      [uuid(2), 1],
      [uuid(3), 2],
    ]);
  });

  it.each<[string, readonly Step[]]>([
    ['with it', [edit(10, [2]), send(9, 1), send(10, 1, [2])]],
    ['only later', [edit(10, [2]), send(9, 1), send(10, 1), edit(10, [2])]],
  ])('is no newer than its mentions, also after an edit before it: %s', (_what, steps) => {
    const memory = after(...steps);
    const message = memory.row(messageView, { ...room, message_id: uuid(10) });
    const [mention] = memory.rows(mentionView);
    expect(message?.mentioned_user_ids).toEqual([uuid(2)]);
    expect(mention?.['version']).toBeGreaterThanOrEqual(message?.version ?? Infinity);
  });
});

describe('a membership', () => {
  const windowsOf = (...steps: readonly Step[]) =>
    after(...steps).row(memberView, { ...room, user_id: uuid(1) })?.windows;
  const created: Step = ['conversation_created', { kind: 'group', creator_id: uuid(1) }];

  const secondly: readonly Step[] = [
    ['conversation_created', { kind: 'group', creator_id: uuid(2) }],
  ];

  it.each<[string, readonly Step[], readonly number[] | undefined]>([
    ['begins at joining', [join(2), join(1)], [2]],
    ['begins once', [join(1), join(1)], [1]],
    ['ends once', [join(1), leave(1), leave(1)], [1, 2]],
    ['begins again', [join(1), leave(1), join(1)], [1, 2, 3]],
    ['of the first members begins with everything', [send(9, 2), created], [0]],
    ['is not begun anew by another creation', [join(1), created, created], [1]],
    ['begins again with a creation', [join(1), leave(1), created], [1, 2, 3]],
    ['begins with a second creation as by joining', [...secondly, created], [2]],
    ['comes with a role', [['member_role_changed', { user_id: uuid(1), role: 'admin' }]], [1]],
    ['is none after leaving what one never joined', [leave(1)], undefined],
    ['is none for who only wrote', [send(9, 1)], []],
  ])('%s', (_what, steps, expected) => {
    expect(windowsOf(...steps)).toEqual(expected);
  });

  it('keeps 100 times, forgetting the oldest', () => {
    const windows = windowsOf(...Array.from({ length: 120 }, () => [join(1), leave(1)]).flat());
    expect(windows).toHaveLength(200);
    expect(windows?.at(-1)).toBe(240);
  });
});

describe('the roster', () => {
  /** Numbers that look random, the same in each run. */
  function numbers(): (end: number) => number {
    let state = 1;
    return (end) => {
      state = (state * 48271) % 2147483647;
      return state % end;
    };
  }

  it('agrees with the members after any events', () => {
    const below = numbers();
    const one = () => 1 + below(5);
    const role = () => ['owner', 'admin', 'member'][below(3)] ?? '';
    const kinds: readonly (() => Step)[] = [
      () => {
        const members = [uuid(one()), uuid(one())];
        return [
          'conversation_created',
          { kind: 'group', creator_id: uuid(one()), member_ids: members },
        ];
      },
      () => leave(one()),
      () => leave(one()),
      () => ['member_role_changed', { user_id: uuid(one()), role: role() }],
      () => join(one(), role()),
      () => join(one()),
      () => send(100 + below(50), one()),
    ];
    for (let round = 0; round < 60; round += 1) {
      const steps = Array.from({ length: 30 }, () => kinds[below(kinds.length)]?.() ?? leave(1));
      const memory = after(...steps);
      const members = memory.rows(memberView).filter((row) => row['is_member'] === true);
      const having = (wanted: string) =>
        members.filter((row) => row['role'] === wanted).map((row) => row['user_id']);
      const roster = memory.row(rosterView, room);
      expect(new Set(roster?.owner_ids)).toEqual(new Set(having('owner')));
      expect(new Set(roster?.admin_ids)).toEqual(new Set(having('admin')));
    }
  });
});

describe('a reaction', () => {
  it('is one, however often it is given, and fits a key, however long it is', () => {
    const react = (emoji: string): Step => [
      'message_reaction_added',
      { message_id: uuid(10), user_id: uuid(1), emoji },
    ];
    const long = 'ha'.repeat(2000);
    const rows = after(react('x'), react('x'), react(long), react(long)).rows(reactionView);
    expect(rows.map(({ emoji }) => emoji).sort()).toEqual([long, 'x'].sort());
    expect(rows.every(({ emoji_key }) => String(emoji_key).length < 100)).toBe(true);
  });
});
