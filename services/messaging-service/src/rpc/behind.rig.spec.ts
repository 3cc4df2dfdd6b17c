import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { group, type HandMade, type Rig, reasonOf, text, type User } from './messaging.rig.spec.ts';

const LIMITS = ['idle_in_transaction_session_timeout', 'transaction_timeout'];

/** What is decided while the view lags behind the log; part of messaging.int.spec.ts. */
export function describeBehind(rig: () => Rig): void {
  /** Runs while the view stands still: nothing can be applied, everything can be read. */
  const standing = <T>(work: () => Promise<T>): Promise<T> =>
    rig().store.database.transaction(async (tx) => {
      for (const limit of LIMITS) await tx.query(`SET LOCAL ${limit} = 0`);
      await tx.query('LOCK TABLE consumer_progress IN SHARE MODE');
      return work();
    });

  describe('the last owner, while the view stands still', () => {
    const leave = (who: User, conversationId: string) =>
      who.rpc.removeMember({ conversationId, memberId: who.id });

    /** A group that the view knows. */
    async function shown(owner: User, ...others: User[]): Promise<string> {
      const conversationId = await group(owner, ...others);
      const { consistencyToken } = await owner.rpc.sendMessage(text(conversationId, 'hello'));
      await owner.rpc.getConversation({ conversationId, minConsistencyToken: consistencyToken });
      return conversationId;
    }

    it('leaves right after everybody else', async () => {
      const [ann, bob] = [rig().user(), rig().user()];
      const conversationId = await shown(ann, bob);
      await standing(async () => {
        expect(await reasonOf(leave(ann, conversationId))).toBe('MESSAGING_SUCCESSOR_NEEDED');
        expect(await leave(bob, conversationId)).toMatchObject({ removed: true });
        expect(await leave(ann, conversationId)).toMatchObject({ removed: true });
      });
    }, 60_000);

    it('leaves when it is known that who came has gone, and stays when they have not', async () => {
      const [ann, bob, eve] = [rig().user(), rig().user(), rig().user()];
      const [left, kept] = [await shown(ann), await shown(ann)];
      const [leaving, staying] = await standing(async () => {
        for (const [conversationId, { id }] of [[left, bob] as const, [kept, eve] as const]) {
          await ann.rpc.addMember({ conversationId, memberId: id });
        }
        await leave(bob, left);
        const asked = [
          leave(ann, left).then(({ removed }) => removed),
          reasonOf(leave(ann, kept)),
        ] as const;
        // Both are looked at meanwhile.
        for (const conversationId of [left, kept])
          await ann.rpc.getConversation({ conversationId });
        return asked;
      }).then((asked) => Promise.all(asked));
      expect([leaving, staying]).toEqual([true, 'MESSAGING_SUCCESSOR_NEEDED']);
    }, 60_000);

    it('stays when one of many others does, and leaves after the last of them', async () => {
      const [ann, ...crowd] = Array.from({ length: 31 }, () => rig().user()) as [User, ...User[]];
      const [left, kept] = [await shown(ann, ...crowd), await shown(ann, ...crowd)];
      // One of those whom a look at the view does not tell of.
      const looked = await rig().store.database.query<{ user_id: string }>(
        `SELECT user_id FROM views_g1.member_view
         WHERE conversation_id = $1 AND is_member AND user_id <> $2 LIMIT 20`,
        [kept, ann.id],
      );
      const ids = crowd.map(({ id }) => id);
      const last = ids.find((id) => looked.every(({ user_id }) => user_id !== id));
      const gone = (conversationId: string, users: readonly string[]) =>
        users.map((user_id): HandMade => ['member_removed', conversationId, { user_id }]);
      const [leaving, staying] = await standing(async () => {
        await rig().publish([
          ...gone(left, ids),
          ...gone(
            kept,
            ids.filter((id) => id !== last),
          ),
        ]);
        const asked = [
          leave(ann, left).then(({ removed }) => removed),
          reasonOf(leave(ann, kept)),
        ] as const;
        for (const conversationId of [left, kept])
          await ann.rpc.getConversation({ conversationId });
        return asked;
      }).then((asked) => Promise.all(asked));
      expect([leaving, staying]).toEqual([true, 'MESSAGING_SUCCESSOR_NEEDED']);
    }, 60_000);
  });

  describe('a conversation of which the view does not know yet', () => {
    it('belongs to those who sent and got a message in it, whoever published it', async () => {
      const [ann, bob, eve] = [rig().user(), rig().user(), rig().user()];
      const said = (): HandMade => [
        'message_created',
        randomUUID(),
        { message_id: randomUUID(), sender_id: ann.id, content: 'hi', recipient_id: bob.id },
      ];
      const messages = [said(), said(), said()] as const;
      const [one, two, three] = messages.map(([, id]) => id) as [string, string, string];
      await standing(async () => {
        await rig().publish(messages);
        const sent = await bob.rpc.sendMessage(text(one, 'answer'));
        expect(sent.sequenceNumber).toBe(2n);
        const hidden = eve.rpc.sendMessage(text(one, 'hello?'));
        expect(await reasonOf(hidden)).toBe('MESSAGING_CONVERSATION_NOT_FOUND');
        const added = await ann.rpc.addMember({ conversationId: two, memberId: eve.id });
        expect(added.added).toBe(true);
        const removed = await bob.rpc.removeMember({ conversationId: three, memberId: ann.id });
        expect(removed.removed).toBe(false);
      });
    }, 60_000);
  });
}
