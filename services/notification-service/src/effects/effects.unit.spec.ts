import { describe, expect, it } from '@jest/globals';
import { catalogue, directConversationId, effectId } from '@nova/events';
import { payloads, samplePayloads } from '@nova/events/testing';
import { differences, watchPayload } from '@nova/projection/testing';
import { FollowAddedSchema } from '@nova/proto/gen/community/follow_events_pb';
import {
  CommentCreatedSchema,
  CommentLikedSchema,
  MentionCreatedSchema,
  PostLikedSchema,
} from '@nova/proto/gen/community/post_events_pb';
import {
  ContactAppliedSchema,
  ContactReviewedSchema,
} from '@nova/proto/gen/messaging/contact_application_events_pb';
import { FriendAddedSchema } from '@nova/proto/gen/messaging/contact_events_pb';
import {
  ConversationCreatedSchema,
  MemberAddedSchema,
  MemberRemovedSchema,
  MessageCreatedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import type { DescMessage, JsonObject } from '@nova/proto/runtime';
import fc from 'fast-check';
import type { Notice } from '../domain/notice.ts';
import { happened, NOON, type Occasion, OwnViews } from '../views/testing.ts';
import { allEffects } from './all-effects.ts';

const [ANN, BOB, CAT, ROOM, POST, ID] = [1, 2, 3, 4, 5, 6].map(
  (n) => `00000000-0000-4000-8000-00000000000${n}`,
) as [string, string, string, string, string, string];
const DIRECT = directConversationId(ANN, BOB);

/** What happened before, and then who is told what of one more event. */
class Story {
  readonly views = new OwnViews();

  and(schema: DescMessage, aggregateId: string, payload: JsonObject): this {
    this.views.apply(happened(schema, aggregateId, payload));
    return this;
  }

  /** The event, and its rows once the views have it. */
  happens(schema: DescMessage, aggregateId: string, payload: JsonObject, occasion: Occasion = {}) {
    const given = happened(schema, aggregateId, payload, occasion);
    return { event: given.event, rows: this.views.apply(given) };
  }

  plans(...given: Parameters<Story['happens']>) {
    const { event, rows } = this.happens(...given);
    return allEffects
      .filter(({ eventType }) => eventType === event.eventType)
      .flatMap((effect) => effect.plan(event, rows));
  }

  /** `recipient kind` of each. */
  tells(schema: DescMessage, aggregateId: string, payload: JsonObject, occasion: Occasion = {}) {
    return this.plans(schema, aggregateId, payload, occasion).map(({ body }) => {
      // Written by plan.
      const { recipient_id, kind } = body as Notice;
      return `${recipient_id} ${kind}`;
    });
  }
}

const story = () => new Story();
const direct = () =>
  story().and(ConversationCreatedSchema, DIRECT, {
    kind: 'direct',
    creator_id: ANN,
    member_ids: [ANN, BOB],
  });
const group = () =>
  story().and(ConversationCreatedSchema, ROOM, {
    kind: 'group',
    creator_id: ANN,
    member_ids: [BOB, CAT],
  });
const message = (more: JsonObject = {}) => ({
  message_id: ID,
  sender_id: ANN,
  content: 'hello',
  ...more,
});
const says = (told: Story, room: string, more: JsonObject = {}) =>
  told.tells(MessageCreatedSchema, room, message(more));

describe('a direct message', () => {
  it('tells the other side, whom the conversation knows', () => {
    expect(says(direct(), DIRECT)).toEqual([`${BOB} direct_message`]);
    expect(says(direct(), DIRECT, { sender_id: BOB })).toEqual([`${ANN} direct_message`]);
  });

  it('tells the recipient whom it names, of a conversation that was never created', () => {
    expect(says(story(), DIRECT, { recipient_id: BOB })).toEqual([`${BOB} direct_message`]);
    expect(says(story(), DIRECT)).toEqual([]);
  });

  it('tells nobody who is not in the conversation', () => {
    expect(says(direct(), DIRECT, { recipient_id: CAT })).toEqual([]);
    expect(says(group(), ROOM, { recipient_id: BOB })).toEqual([]);
    // Somebody from outside who names nobody: for both, and so for nobody.
    expect(says(direct(), DIRECT, { sender_id: CAT })).toEqual([]);
    expect(says(direct(), DIRECT, { sender_id: CAT, recipient_id: BOB })).toEqual([
      `${BOB} direct_message`,
    ]);
  });

  it('tells nobody of what they say themselves, or of what the system says', () => {
    expect(says(story(), DIRECT, { recipient_id: ANN })).toEqual([]);
    expect(says(direct(), DIRECT, { message_type: 'system' })).toEqual([]);
  });

  it('shows nothing of what is encrypted', () => {
    const content = 'not encrypted after all';
    const given = message({ message_type: 'encrypted', content, ciphertext: 'c2VjcmV0' });
    const [plan] = direct().plans(MessageCreatedSchema, DIRECT, given);
    expect(plan?.body).toMatchObject({ text: 'Encrypted message' });
  });
});

describe('a mention', () => {
  it('tells members alone, each once, and not the sender', () => {
    const told = group()
      .and(MemberRemovedSchema, ROOM, { user_id: CAT })
      .and(MemberAddedSchema, ROOM, { user_id: POST });
    const mentioned_user_ids = [BOB, CAT, ANN, BOB, POST, ID];
    expect(says(told, ROOM, { mentioned_user_ids })).toEqual([`${BOB} mention`, `${POST} mention`]);
  });

  it('in a direct message is one notice, not two', () => {
    expect(says(direct(), DIRECT, { recipient_id: BOB, mentioned_user_ids: [BOB] })).toEqual([
      `${BOB} direct_message`,
    ]);
  });
});

describe('a notice', () => {
  it.each<[string, DescMessage, string, JsonObject, string[]]>([
    [
      'of being added',
      MemberAddedSchema,
      ROOM,
      { user_id: BOB, added_by: ANN },
      [`${BOB} member_added`],
    ],
    ['of joining goes to nobody', MemberAddedSchema, ROOM, { user_id: BOB }, []],
    [
      'of adding oneself goes to nobody',
      MemberAddedSchema,
      ROOM,
      { user_id: BOB, added_by: BOB },
      [],
    ],
    [
      'of a new contact',
      FriendAddedSchema,
      '',
      { user_id: ANN, friend_id: BOB },
      [`${BOB} friend_added`],
    ],
    [
      'of a contact by application goes to nobody: the review tells',
      FriendAddedSchema,
      '',
      { user_id: ANN, friend_id: BOB, source: 'application' },
      [],
    ],
    [
      'of an application',
      ContactAppliedSchema,
      ID,
      { applicant_id: ANN, target_id: BOB, message: 'hi' },
      [`${BOB} contact_applied`],
    ],
    [
      'of a review',
      ContactReviewedSchema,
      ID,
      { applicant_id: ANN, target_id: BOB, status: 'approved' },
      [`${ANN} contact_reviewed`],
    ],
    [
      'of a follower',
      FollowAddedSchema,
      '',
      { follower_id: ANN, followee_id: BOB },
      [`${BOB} followed`],
    ],
    [
      'of a like',
      PostLikedSchema,
      POST,
      { user_id: ANN, post_author_id: BOB },
      [`${BOB} post_liked`],
    ],
    [
      'of liking oneself goes to nobody',
      PostLikedSchema,
      POST,
      { user_id: BOB, post_author_id: BOB },
      [],
    ],
    [
      'of a liked comment',
      CommentLikedSchema,
      POST,
      { comment_id: ID, comment_author_id: BOB, user_id: ANN },
      [`${BOB} comment_liked`],
    ],
    [
      'of a comment goes to both authors',
      CommentCreatedSchema,
      POST,
      { comment_id: ID, author_id: ANN, post_author_id: BOB, parent_author_id: CAT, content: 'x' },
      [`${CAT} comment_replied`, `${BOB} post_commented`],
    ],
    [
      'of a comment to one that nobody knows goes to the author of the post',
      CommentCreatedSchema,
      POST,
      { comment_id: ID, author_id: ANN, post_author_id: BOB, parent_comment_id: CAT, content: 'x' },
      [`${BOB} post_commented`],
    ],
    [
      'of a comment to an author of both is one',
      CommentCreatedSchema,
      POST,
      { comment_id: ID, author_id: ANN, post_author_id: BOB, parent_author_id: BOB, content: 'x' },
      [`${BOB} comment_replied`],
    ],
    [
      'of a mention in a post',
      MentionCreatedSchema,
      POST,
      { mentioned_user_id: BOB, author_id: ANN },
      [`${BOB} mention`],
    ],
  ])('%s', (_what, schema, aggregateId, payload, told) => {
    expect(story().tells(schema, aggregateId, payload)).toEqual(told);
  });

  it('of a comment goes to whom it answers also where it names only the comment', () => {
    const [parent, other] = [ROOM, DIRECT];
    const written = { author_id: CAT, post_author_id: BOB, content: 'first' };
    const answers = (parent_comment_id: string, more: JsonObject = {}) =>
      story()
        .and(CommentCreatedSchema, POST, { ...written, comment_id: parent })
        .and(CommentCreatedSchema, ID, { ...written, comment_id: other })
        .tells(CommentCreatedSchema, POST, {
          ...{ comment_id: ID, author_id: ANN, post_author_id: BOB, content: 'x' },
          ...{ parent_comment_id, ...more },
        });
    expect(answers(parent)).toEqual([`${CAT} comment_replied`, `${BOB} post_commented`]);
    // What the event says counts, and a comment of another post is none of this one.
    expect(answers(parent, { parent_author_id: BOB })).toEqual([`${BOB} comment_replied`]);
    expect(answers(other)).toEqual([`${BOB} post_commented`]);
    expect(answers(ID)).toEqual([`${BOB} post_commented`]);
  });

  it('has the id that follows from event, effect and recipient: the event of it has the same', () => {
    const occasion = { eventId: ID };
    const plan = () => direct().plans(MessageCreatedSchema, DIRECT, message(), occasion)[0];
    const id = effectId('notification.views', ID, `message:${BOB}`);
    expect(plan()).toMatchObject({ key: BOB, target: `inbox/${BOB}` });
    expect(plan()?.body).toMatchObject({ notification_id: id, source_event_id: ID });
    expect(plan()).toEqual(plan());
  });

  it('is not made of what was no news when it was stored', () => {
    const occurredAt = '2026-11-14T11:59:59.000000Z';
    const tells = (told: string) =>
      direct().tells(MessageCreatedSchema, DIRECT, message(), {
        occurredAt: told,
        storedAt: NOON,
      });
    expect(tells('2026-11-14T12:00:00.000000Z')).toHaveLength(1);
    expect(tells(occurredAt)).toEqual([]);
  });

  it('is small, whatever the event holds', () => {
    const given = message({ content: '😀'.repeat(40_000) });
    const [plan] = direct().plans(MessageCreatedSchema, DIRECT, given);
    expect(JSON.stringify(plan).length).toBeLessThan(2000);
    // Twice as many as code points, since each of these takes two units.
    expect(plan?.body).toMatchObject({ text: `${'😀'.repeat(239)}…` });
  });

  it.each([...new Set(allEffects.map(({ eventType }) => eventType))])(
    'can be planned of every %s that the log accepts',
    (type) => {
      const eventType = catalogue.get(type);
      if (eventType === undefined) throw new Error(`no type ${type}`);
      const aggregateId = eventType.keyRule.kind === 'derived' ? '' : ROOM;
      fc.assert(
        fc.property(payloads(eventType), (payload) => {
          const plans = group().plans(eventType.message, aggregateId, payload);
          for (const { key, body } of plans) expect(key).not.toBe((body as Notice).actor_id);
        }),
        { numRuns: 60 },
      );
    },
  );
});

describe('an effect', () => {
  it.each(allEffects.map((effect) => [effect.name, effect] as const))(
    'reads of payloads what %s says that it reads',
    (name, effect) => {
      const eventType = catalogue.get(effect.eventType);
      if (eventType === undefined) throw new Error(`no type ${effect.eventType}`);
      const aggregateId = eventType.keyRule.kind === 'derived' ? '' : ROOM;
      const read = new Set<string>();
      for (const payload of samplePayloads(eventType, 100)) {
        const { event, rows } = group().happens(effect.schema, aggregateId, payload);
        effect.plan(watchPayload(event, effect.schema, read).event, rows);
      }
      expect(differences(name, effect, read)).toEqual([]);
    },
  );
});
