import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  contactId,
  devUserId,
  directConversationId,
  effectId,
  followId,
  ircConversationId,
  ircEventId,
  ircUserId,
  participantId,
  requestEventId,
} from './derived-ids.ts';
import { derivedId, isCanonicalUuid, newEventId } from './uuid.ts';

/** Written by another implementation (Python's uuid module); stored data depends on it. */
interface Vectors {
  readonly namespace: string;
  readonly ids: readonly { readonly of: string; readonly name: string; readonly id: string }[];
}
const vectors = JSON.parse(
  readFileSync(new URL('./testdata/derived-ids.json', import.meta.url), 'utf8'),
) as Vectors;

const USER = '0192f0c1-7a1e-7cc3-9c39-0d1c2b3a4f50';
const OTHER = '550e8400-e29b-41d4-a716-446655440000';
const THIRD = '0192f0c1-aaaa-7bbb-8ccc-123456789abc';
const LOG = '2004-12-25.train-c.raw.txt';

const MADE: Readonly<Record<string, string>> = {
  conversation: directConversationId(OTHER, USER),
  participant: participantId(THIRD, USER),
  contact: contactId(USER, OTHER),
  follow: followId(USER, OTHER),
  user_dev: devUserId,
  request: requestEventId(USER, 'events.EventsService/PublishEvents', THIRD, 3),
  request_of_service: requestEventId('service/messaging', 'events.EventLog/Append', THIRD, 0),
  effect: effectId('views', THIRD, 'push'),
  irc_event: ircEventId('ubuntu-irc', LOG, 17, 0),
  irc_conversation: ircConversationId('ubuntu-irc', LOG),
  irc_user: ircUserId('ubuntu-irc', 'mémoire|away'),
};

describe('the derived ids', () => {
  it.each(vectors.ids)('of $of are those of the test vectors', ({ of, name, id }) => {
    expect(derivedId(name)).toBe(id);
    expect(MADE[of]).toBe(id);
  });

  it('have a test vector each', () => {
    expect(vectors.ids.map(({ of }) => of).sort()).toEqual(Object.keys(MADE).sort());
  });

  it('are the same for both sides of a direct conversation, and for nothing else', () => {
    expect(directConversationId(USER, OTHER)).toBe(directConversationId(OTHER, USER));
    expect(contactId(USER, OTHER)).not.toBe(contactId(OTHER, USER));
    expect(followId(USER, OTHER)).not.toBe(followId(OTHER, USER));
  });

  it('are version 5 UUIDs over SHA-1 of namespace and name', () => {
    const namespace = Buffer.from(vectors.namespace.replaceAll('-', ''), 'hex');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const name = text.toWellFormed();
        const hash = createHash('sha1').update(namespace).update(name, 'utf8').digest('hex');
        const id = derivedId(name);
        expect(isCanonicalUuid(id)).toBe(true);
        expect(id.charAt(14)).toBe('5');
        expect(id.slice(0, 13)).toBe(`${hash.slice(0, 8)}-${hash.slice(8, 12)}`);
        expect(id.slice(24)).toBe(hash.slice(20, 32));
      }),
    );
  });

  it('do not exist for a name without a UTF-8 form', () => {
    expect(() => derivedId('a\ud800')).toThrow(TypeError);
  });
});

describe('isCanonicalUuid', () => {
  it.each([USER, OTHER, '11111111-1111-1111-1111-111111111111'])('accepts %s', (text) => {
    expect(isCanonicalUuid(text)).toBe(true);
  });

  it.each([
    '',
    OTHER.toUpperCase(),
    `{${OTHER}}`,
    `urn:uuid:${OTHER}`,
    OTHER.replaceAll('-', ''),
    `${OTHER}\n`,
    ` ${OTHER}`,
    '00000000-0000-0000-0000-000000000000',
    '550e8400-e29b-41d4-a716-44665544000g',
  ])('refuses %j', (text) => {
    expect(isCanonicalUuid(text)).toBe(false);
  });
});

describe('newEventId', () => {
  it('makes version 7 ids that sort in the order they were made', () => {
    const made = Array.from({ length: 1000 }, newEventId);
    expect(made.every((id) => isCanonicalUuid(id) && id.charAt(14) === '7')).toBe(true);
    expect([...made].sort()).toEqual(made);
  });
});
