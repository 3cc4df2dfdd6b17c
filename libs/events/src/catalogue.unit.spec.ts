import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { catalogue } from './catalogue.ts';
import { eventFiles } from './event-files.ts';

/** The types of the event catalogue of the specification, by aggregate type. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  conversation: [
    'conversation_created',
    'conversation_updated',
    'conversation_deleted',
    'conversation_reopened',
    'member_added',
    'member_removed',
    'member_role_changed',
    'message_created',
    'message_edited',
    'message_deleted',
    'message_reaction_added',
    'message_reaction_removed',
  ],
  participant: ['message_read', 'conversation_settings_changed', 'conversation_cleared'],
  user: ['user_created', 'user_updated', 'user_deleted', 'user_status_changed'],
  contact: ['friend_added', 'friend_updated', 'friend_removed', 'user_blocked', 'user_unblocked'],
  contact_application: ['contact_applied', 'contact_reviewed', 'contact_application_withdrawn'],
  follow: ['follow_added', 'follow_removed'],
  post: [
    'post_created',
    'post_updated',
    'post_deleted',
    'post_liked',
    'post_unliked',
    'post_shared',
    'post_reaction_added',
    'post_reaction_removed',
    'mention_created',
    'comment_created',
    'comment_deleted',
    'comment_liked',
    'comment_unliked',
  ],
  task: [
    'task_created',
    'task_updated',
    'task_started',
    'task_deleted',
    'task_reminder_due',
    'task_completed',
    'task_abandoned',
  ],
  knowledge_node: ['node_created', 'relation_created'],
  learner: ['node_unlocked', 'node_expanded', 'mastery_updated', 'study_recorded'],
  notification: [
    'notification_created',
    'notification_read',
    'notification_deleted',
    'push_sent',
    'push_delivered',
    'push_failed',
    'push_clicked',
  ],
  notification_inbox: [
    'notifications_read_all',
    'notification_preferences_changed',
    'push_token_registered',
    'push_token_removed',
  ],
  subject: ['subject_erased'],
  plan: ['plan_created', 'plan_updated', 'plan_completed', 'plan_deleted'],
  chat_session: [
    'chat_session_created',
    'chat_session_ended',
    'chat_message_sent',
    'chat_message_received',
  ],
};

const DRAFT_AGGREGATES = [
  'follow',
  'post',
  'task',
  'knowledge_node',
  'learner',
  'plan',
  'chat_session',
];

describe('the catalogue', () => {
  it('holds exactly the types of the specification under their aggregate types', () => {
    const grouped = Object.groupBy(catalogue.all(), ({ aggregateType }) => aggregateType);
    const found = Object.fromEntries(
      Object.entries(grouped).map(([aggregate, types]) => [
        aggregate,
        types?.map(({ type }) => type),
      ]),
    );
    expect(found).toEqual(EXPECTED);
  });

  it('reads every proto file with payloads', () => {
    const proto = fileURLToPath(new URL('../../../proto', import.meta.url));
    const files = globSync('*/*_events.proto', { cwd: proto }).map((file) => file.slice(0, -6));
    expect(eventFiles.map(({ name }) => name).sort()).toEqual(files.sort());
  });

  it('reads every message of those files', () => {
    const messages = eventFiles.flatMap((file) => file.messages);
    expect(catalogue.all().map(({ message }) => message.typeName)).toEqual(
      messages.map(({ typeName }) => typeName),
    );
  });

  it('has at most 32 types per aggregate type, which `previous` counts on', () => {
    const grouped = Object.groupBy(catalogue.all(), ({ aggregateType }) => aggregateType);
    const sizes = Object.values(grouped).map((types) => types?.length ?? 0);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(32);
  });

  it('marks as draft what no service of this release owns', () => {
    const draft = catalogue.all().filter((eventType) => eventType.draft);
    expect([...new Set(draft.map(({ aggregateType }) => aggregateType))]).toEqual(DRAFT_AGGREGATES);
  });

  it('gives one owner to all types of an aggregate type', () => {
    const grouped = Object.groupBy(catalogue.all(), ({ aggregateType }) => aggregateType);
    for (const types of Object.values(grouped)) {
      expect(new Set(types?.map(({ owner }) => owner)).size).toBe(1);
    }
  });

  it('lets every field be absent, so that readers survive erasure and older events', () => {
    const fields = catalogue.all().flatMap((eventType) => eventType.fields);
    const withoutPresence = fields.filter(
      ({ desc }) => desc.fieldKind === 'scalar' && desc.presence !== EXPLICIT_PRESENCE,
    );
    expect(withoutPresence.map(({ desc }) => desc.toString())).toEqual([]);
    const enums = fields.filter(({ desc }) => desc.fieldKind === 'enum');
    expect(enums.map(({ desc }) => desc.toString())).toEqual([]);
  });

  it('keeps what a type says in one row', () => {
    const { message: _, fields, ...row } = catalogue.get('message_read') ?? {};
    expect(row).toEqual({
      type: 'message_read',
      aggregateType: 'participant',
      owner: 'messaging',
      draft: false,
      schemaVersion: 1,
      topic: 'nova_events_message_read',
      consumers: ['messaging', 'notification'],
      keyRule: {
        kind: 'derived',
        name: 'participant:{conversation_id}:{user_id}',
        fields: ['conversation_id', 'user_id'],
      },
      subject: undefined,
    });
    expect(fields?.filter(({ required }) => required).map(({ name }) => name)).toEqual([
      'conversation_id',
      'user_id',
      'last_read_sequence',
    ]);
  });

  it('knows whose personal data a field is', () => {
    const subjects = catalogue
      .all()
      .filter(({ fields }) => fields.some(({ personal }) => personal))
      .map(({ type, subject }) => `${type} ${subject}`);
    expect(subjects).toContain('message_created sender_id');
    expect(subjects).toContain('user_created aggregate_id');
    expect(subjects.some((line) => line.endsWith('undefined'))).toBe(false);
  });
});

/** Without the descriptors: a failing comparison would print them for minutes. */
function resolved(given: string): object {
  const found = catalogue.resolve(given);
  if (!('eventType' in found)) return found;
  const { eventType, ...rest } = found;
  return { type: eventType.type, ...rest };
}

describe('catalogue.resolve', () => {
  it('answers a type with itself and no alias', () => {
    for (const { type } of catalogue.all()) {
      expect(resolved(type)).toEqual({ type });
      expect(catalogue.get(type)?.type).toBe(type);
    }
  });

  it.each([
    ['message.created', 'message_created'],
    ['MESSAGE_CREATED', 'message_created'],
    ['community.post.created', 'post_created'],
    ['Community.Post.Created', 'post_created'],
    ['com.example.friend.added', 'friend_added'],
    ['nova_events_user_created', 'user_created'],
    ['message.sent', 'message_created'],
    ['message_sent', 'message_created'],
    ['messaging.message.sent', 'message_created'],
    ['message_persisted', 'message_created'],
    ['Chat.Message.Sent', 'chat_message_sent'],
  ])('takes %s for %s and says so', (given, type) => {
    expect(resolved(given)).toEqual({ type, alias: given });
  });

  it.each([
    ['mesage_created', 'message_created'],
    ['message_create', 'message_created'],
    ['messaging.mesage.created', 'message_created'],
    ['user_unblokced', 'user_unblocked'],
    ['MessageCreated', 'message_created'],
  ])('does not take %s for anything, but names %s', (given, nearest) => {
    expect(resolved(given)).toEqual({ nearest });
  });

  it.each([
    '',
    '...',
    'x'.repeat(256),
    'message_created\n',
    'message_created ',
    '../message_created',
  ])('refuses %j', (given) => {
    expect(resolved(given)).not.toHaveProperty('type');
  });

  it('is not misled by names of the language', () => {
    for (const given of ['__proto__', 'constructor', 'toString', 'a.constructor']) {
      expect(resolved(given)).not.toHaveProperty('type');
    }
  });
});

// google.protobuf.FeatureSet.FieldPresence
const EXPLICIT_PRESENCE = 1;
