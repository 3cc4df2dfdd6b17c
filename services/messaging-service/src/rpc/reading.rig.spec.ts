import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { participantId } from '@nova/events';
import { HistoryDirection } from '@nova/proto/gen/messaging/messaging_service_pb';
import { failureOf, group, type HandMade, type Rig, reasonOf, text } from './messaging.rig.spec.ts';

// 24 of these are more than a gRPC client takes in one answer.
const LARGE = { count: 24, content: 'x'.repeat(200 * 1024) };

/** What users read and arrange; part of messaging.int.spec.ts. */
export function describeReading(rig: () => Rig): void {
  describe('MarkAsRead', () => {
    it('never moves back, nor above the last message', async () => {
      const [ann, bob] = [rig().user(), rig().user()];
      const conversationId = await group(ann, bob);
      const sent = [
        await ann.rpc.sendMessage(text(conversationId, 'one')),
        await ann.rpc.sendMessage(text(conversationId, 'two')),
        await ann.rpc.sendMessage(text(conversationId, 'three')),
      ];
      const mark = (value: bigint) =>
        bob.rpc.markAsRead({ conversationId, upTo: { case: 'sequenceNumber', value } });
      expect((await mark(2n)).lastReadSequence).toBe(2n);
      expect((await mark(1n)).lastReadSequence).toBe(2n);
      const first = { case: 'messageId', value: sent[0]?.messageId ?? '' } as const;
      const back = await bob.rpc.markAsRead({ conversationId, upTo: first });
      expect(back).toMatchObject({ lastReadSequence: 2n, replayed: false });
      expect((await mark(10n ** 18n)).lastReadSequence).toBe(3n);
      const { events } = await rig().events.getEventsByAggregate({
        aggregateId: participantId(conversationId, bob.id),
      });
      expect(events).toHaveLength(2);
      const unknown = { case: 'messageId', value: randomUUID() } as const;
      const lost = bob.rpc.markAsRead({ conversationId, upTo: unknown });
      expect(await reasonOf(lost)).toBe('MESSAGING_MESSAGE_NOT_FOUND');
      const later = await ann.rpc.sendMessage(text(conversationId, 'four'));
      const count = await bob.rpc.getUnreadCount({
        conversationId,
        minConsistencyToken: later.consistencyToken,
      });
      expect(count.unreadCount).toBe(1);
    });
  });

  describe('ListUserConversations', () => {
    it('gives pinned ones first, then by activity, page by page, without hidden and closed', async () => {
      const [ann, bob] = [rig().user(), rig().user()];
      const ids: string[] = [];
      const tokens: string[] = [];
      for (let at = 0; at < 7; at += 1) {
        const made = await ann.rpc.createConversation({ kind: 'group', memberIds: [bob.id] });
        ids.push(made.conversationId);
        tokens.push(made.consistencyToken);
      }
      const [pinned = '', hidden = '', closed = '', ...open] = ids;
      for (const id of [...open].reverse()) {
        tokens.push((await bob.rpc.sendMessage(text(id, 'hello'))).consistencyToken);
      }
      const arrange = (id: string, settings: object) =>
        [
          'conversation_settings_changed',
          participantId(id, ann.id),
          { conversation_id: id, user_id: ann.id, ...settings },
        ] as const;
      const arranged = await rig().publish([
        arrange(pinned, { pinned: true, starred: true }),
        arrange(hidden, { hidden: true }),
        ['conversation_deleted', closed, { user_id: bob.id }],
      ]);
      // A token tells of its own aggregates only; what is not yet shown would still change places.
      for (const minConsistencyToken of [...tokens, arranged])
        await ann.rpc.getUnreadCount({ minConsistencyToken });
      const list = async (includeHidden: boolean, pageSize: number) => {
        const pages: string[][] = [];
        for (let pageToken = ''; ; ) {
          const page = await ann.rpc.listUserConversations({
            includeHidden,
            pageSize,
            pageToken,
          });
          pages.push(page.conversations.map(({ conversationId }) => conversationId));
          pageToken = page.nextPageToken;
          if (pageToken === '') return pages;
        }
      };
      const shown = [pinned, ...open];
      expect(await list(false, 0)).toEqual([shown]);
      expect((await list(false, 2)).map(({ length }) => length)).toEqual([2, 2, 1]);
      expect((await list(false, 2)).flat()).toEqual(shown);
      expect((await list(true, 100)).flat()).toEqual([...shown, hidden]);
      const { conversations } = await ann.rpc.listUserConversations({ pageSize: 2 });
      expect(conversations).toMatchObject([
        { isPinned: true, isStarred: true, unreadCount: 0 },
        { isPinned: false, unreadCount: 1, lastMessage: { content: 'hello' } },
      ]);
      const total = await ann.rpc.getUnreadCount({});
      expect(total.unreadCount).toBe(4);
      const { nextPageToken } = await ann.rpc.listUserConversations({ pageSize: 2 });
      const foreign = bob.rpc.listUserConversations({ pageToken: nextPageToken });
      expect((await failureOf(foreign)).violations[0]?.field).toBe('page_token');
    });
  });

  describe('large messages', () => {
    /** Publishes as many as fit into one batch at a time; the token shows them. */
    const publish = async (given: readonly HandMade[]) => {
      let token = '';
      for (let at = 0; at < given.length; at += 4) {
        token = await rig().publish(given.slice(at, at + 4));
      }
      return token;
    };
    const large = (conversationId: string, sender_id: string): HandMade => [
      'message_created',
      conversationId,
      { message_id: randomUUID(), sender_id, content: LARGE.content },
    ];

    /** A list of more than one page, to its end. */
    async function readAll<T>(
      page: (token: string) => Promise<{ read: T[]; nextPageToken: string }>,
    ): Promise<T[]> {
      const all: T[] = [];
      for (let pageToken = ''; ; ) {
        const { read, nextPageToken } = await page(pageToken);
        expect(read.length).toBeGreaterThan(1);
        all.push(...read);
        pageToken = nextPageToken;
        if (pageToken === '') return all;
      }
    }

    it('end a page of the history early, both ways and around one', async () => {
      const [ann, bob] = [rig().user(), rig().user()];
      const conversationId = await group(ann, bob);
      const given = Array.from({ length: LARGE.count }, () => large(conversationId, ann.id));
      const minConsistencyToken = await publish(given);
      const asked = { conversationId, pageSize: 100, minConsistencyToken };
      const all = given.map((_, at) => BigInt(at + 1));
      const asNewer = await readAll(async (pageToken) => {
        const direction = HistoryDirection.NEWER;
        const page = await bob.rpc.getMessageHistory({ ...asked, direction, pageToken });
        return { ...page, read: page.messages.map(({ sequenceNumber }) => sequenceNumber) };
      });
      expect(asNewer).toEqual(all);
      const asOlder = await readAll(async (pageToken) => {
        const page = await bob.rpc.getMessageHistory({ ...asked, pageToken });
        return {
          ...page,
          read: page.messages.map(({ sequenceNumber }) => sequenceNumber).reverse(),
        };
      });
      expect(asOlder.reverse()).toEqual(all);
      const around = await bob.rpc.getMessageHistory({
        ...asked,
        direction: HistoryDirection.AROUND,
        start: { case: 'sequenceNumber', value: 12n },
      });
      const numbers = around.messages.map(({ sequenceNumber }) => sequenceNumber);
      expect(numbers).toEqual(all.slice(12 - 5, 12 + 5));
      const older = await bob.rpc.getMessageHistory({ ...asked, pageToken: around.nextPageToken });
      expect(older.messages.at(-1)?.sequenceNumber).toBe(7n);
      const newer = await bob.rpc.getMessageHistory({
        ...asked,
        pageToken: around.previousPageToken,
      });
      expect(newer.messages[0]?.sequenceNumber).toBe(18n);
    }, 60_000);

    it('are refused as too large where they are so only as JSON', async () => {
      const ann = rig().user();
      const conversationId = await group(ann);
      const content = '\u0001'.repeat(60_000);
      const refused = await failureOf(ann.rpc.sendMessage(text(conversationId, content)));
      expect(refused).toMatchObject({
        status: 'INVALID_ARGUMENT',
        violations: [{ field: 'request', description: expect.stringContaining('262144 bytes') }],
      });
    });

    it('end a page of the conversations early', async () => {
      const [ann, bob] = [rig().user(), rig().user()];
      const ids: string[] = [];
      for (let at = 0; at < LARGE.count; at += 1) ids.unshift(await group(ann, bob));
      const tokens: (readonly [conversationId: string, token: string])[] = [];
      for (const id of [...ids].reverse()) tokens.push([id, await publish([large(id, ann.id)])]);
      // A token speaks of one conversation; those that are not yet shown would still change places.
      for (const [conversationId, minConsistencyToken] of tokens)
        await bob.rpc.getConversation({ conversationId, minConsistencyToken });
      const seen = await readAll(async (pageToken) => {
        const page = await bob.rpc.listUserConversations({ pageToken });
        return { ...page, read: page.conversations.map(({ conversationId }) => conversationId) };
      });
      expect(seen).toEqual(ids);
    }, 60_000);
  });
}
