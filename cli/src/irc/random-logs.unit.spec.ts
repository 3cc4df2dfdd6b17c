import { describe, expect, it } from '@jest/globals';
import { ircConversationId } from '@nova/events';
import fc from 'fast-check';
import type { ImportEvent } from './import-event.ts';
import { importText, judge, NAME, NETWORK } from './spec-log.ts';

/*
 * Random logs, and what must follow from them, told in another way than the importer works: over
 * the whole list of lines at once.
 */
const nickArb = fc.constantFrom('bob', 'bob_', 'al', 'al_', 'cy', 'rob');
type Line =
  | { kind: 'say'; nick: string; text: string }
  | { kind: 'join' | 'leave'; nick: string }
  | { kind: 'rename'; nick: string; to: string }
  | { kind: 'noise'; text: string };
const textArb = fc.oneof(
  fc.tuple(nickArb, fc.constantFrom(':', ','), fc.string()).map(([nick, mark, rest]) => {
    return `${nick}${mark} ${rest.replaceAll(/[\n\0]/g, '')}`;
  }),
  fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\n\0]/g, '')),
);
const lineArb: fc.Arbitrary<Line> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('say' as const), nick: nickArb, text: textArb }),
  },
  fc.record({ kind: fc.constantFrom('join' as const, 'leave' as const), nick: nickArb }),
  fc.record({ kind: fc.constant('rename' as const), nick: nickArb, to: nickArb }),
  fc.record({
    kind: fc.constant('noise' as const),
    text: fc.constantFrom('', '=== bob waves', '[09:14]  * al nods', 'noise', '[09:15] -x- y'),
  }),
);

function write(line: Line): string {
  switch (line.kind) {
    case 'say':
      return `[09:14] <${line.nick}> ${line.text}`;
    case 'join':
      return `=== ${line.nick} [u@h]  has joined #x`;
    case 'leave':
      return `=== ${line.nick} [u@h]  has left #x []`;
    case 'rename':
      return `=== ${line.nick} is now known as ${line.to}`;
    case 'noise':
      return line.text;
  }
}

function userIn({ payload }: ImportEvent): string {
  return String(payload['user_id'] ?? payload['sender_id'] ?? payload['creator_id']);
}

/** Per user: `+` and `-` for memberships, and the messages between. */
function historyOf(events: readonly ImportEvent[]): ReadonlyMap<string, string> {
  const history = new Map<string, string>();
  const signs: Readonly<Record<string, string>> = { member_added: '+', member_removed: '-' };
  for (const event of events) {
    const sign = event.eventType === 'message_created' ? event.eventType : signs[event.eventType];
    if (sign === undefined) continue;
    const user = userIn(event);
    history.set(user, `${history.get(user) ?? ''}${sign} `);
  }
  return history;
}

describe('FileEvents on random logs', () => {
  it('gives every event an id of its own, the same each time', () => {
    fc.assert(
      fc.property(fc.array(lineArb, { maxLength: 40 }), (given) => {
        const text = given.map(write).join('\n');
        const { events } = importText(text);
        expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
        expect(importText(text).events).toEqual(events);
      }),
    );
  });

  it('has one message per line that says something, in order and word for word', () => {
    fc.assert(
      fc.property(fc.array(lineArb, { maxLength: 40 }), (given) => {
        const { events } = importText(given.map(write).join('\n'));
        const said = given.flatMap((line) =>
          line.kind === 'say' ? [line.text.replace(/\r$/, '')] : [],
        );
        const messages = events.filter(({ eventType }) => eventType === 'message_created');
        expect(messages.map(({ payload }) => payload['content'])).toEqual(said);
        const joinable = new Set(
          given.flatMap((line) => {
            if (line.kind === 'rename') return [line.nick, line.to];
            return line.kind === 'say' || line.kind === 'join' ? [line.nick] : [];
          }),
        );
        const addressed = said.filter((text) =>
          [...joinable].some((nick) => text.startsWith(`${nick}:`) || text.startsWith(`${nick},`)),
        );
        const mentions = messages.filter(
          ({ payload }) => payload['mentioned_user_ids'] !== undefined,
        );
        expect(mentions.map(({ payload }) => payload['content'])).toEqual(addressed);
      }),
    );
  });

  it('alternates additions and removals of each member; only members speak', () => {
    fc.assert(
      fc.property(fc.array(lineArb, { maxLength: 60 }), (given) => {
        const { events } = importText(given.map(write).join('\n'));
        for (const [user, types] of historyOf(events)) {
          expect([user, types.replaceAll('message_created', '')]).toEqual([
            user,
            expect.stringMatching(/^ *(-? *(\+ *- *)*\+?) *$/),
          ]);
          expect(types).not.toMatch(/(^|-) *message_created/);
        }
      }),
    );
  });

  it('creates the conversation first, and each user before anything of that user', () => {
    fc.assert(
      fc.property(fc.array(lineArb, { maxLength: 60 }), (given) => {
        const { events } = importText(given.map(write).join('\n'));
        const ids = events.map((event) =>
          event.eventType.startsWith('user_') ? event.aggregateId : userIn(event),
        );
        for (const [index, { eventType, aggregateId }] of events.entries()) {
          expect(eventType === 'conversation_created').toBe(index === 0);
          if (eventType.startsWith('user_')) continue;
          expect(aggregateId).toBe(ircConversationId(NETWORK, NAME));
        }
        for (const id of new Set(ids.slice(1))) {
          const own = events.filter((_, index) => index > 0 && ids[index] === id);
          const kinds = own.map(({ eventType }) => eventType);
          expect(kinds.indexOf('user_created')).toBe(0);
          expect(kinds.lastIndexOf('user_created')).toBe(0);
        }
      }),
    );
  });

  it('makes only events that events-service accepts', () => {
    fc.assert(
      fc.property(fc.array(lineArb, { maxLength: 15 }), (given) => {
        for (const event of importText(given.map(write).join('\n')).events)
          expect(judge(event)).toMatchObject({ ok: true });
      }),
    );
  });
});
