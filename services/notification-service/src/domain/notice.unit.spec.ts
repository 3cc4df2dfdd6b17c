import { describe, expect, it } from '@jest/globals';
import { KINDS } from './kinds.ts';
import { type Circumstances, isTold, LENGTHS, type Notice, noticePayload } from './notice.ts';

const NOTHING_KNOWN: Circumstances = {
  recipient_status: null,
  actor_status: null,
  actor_name: null,
  conversation_name: null,
  is_muted: false,
  is_blocked: false,
  is_unwanted: false,
};

const notice: Notice = {
  notification_id: '00000000-0000-4000-8000-000000000001',
  recipient_id: '00000000-0000-4000-8000-000000000002',
  kind: 'direct_message',
  actor_id: '00000000-0000-4000-8000-000000000003',
  text: 'hello',
  target_type: 'message',
  target_id: '00000000-0000-4000-8000-000000000004',
  source_event_id: '00000000-0000-4000-8000-000000000005',
  conversation_id: '00000000-0000-4000-8000-000000000006',
  data: { message_id: '00000000-0000-4000-8000-000000000004' },
};

describe('isTold', () => {
  it.each<[string, Partial<Circumstances>, boolean]>([
    ['nothing is known', {}, true],
    ['both are active', { recipient_status: 'active', actor_status: 'active' }, true],
    ['the recipient is suspended', { recipient_status: 'suspended' }, false],
    ['the recipient is deactivated', { recipient_status: 'deactivated' }, false],
    ['the recipient is deleted', { recipient_status: 'deleted' }, false],
    ['the actor is suspended', { actor_status: 'suspended' }, false],
    ['the actor is deleted', { actor_status: 'deleted' }, false],
    ['the actor is deactivated', { actor_status: 'deactivated' }, true],
    ['the conversation is muted', { is_muted: true }, false],
    ['the actor is blocked', { is_blocked: true }, false],
    ['the kind is unwanted', { is_unwanted: true }, false],
  ])('when %s', (_when, known, told) => {
    expect(isTold({ ...NOTHING_KNOWN, ...known })).toBe(told);
  });
});

describe('noticePayload', () => {
  it('names actor and conversation where they are known', () => {
    const known = { ...NOTHING_KNOWN, actor_name: 'Ann', conversation_name: 'Garden' };
    expect(noticePayload({ ...notice, kind: 'mention' }, known)).toMatchObject({
      user_id: notice.recipient_id,
      title: 'Ann mentioned you in Garden',
      body: 'hello',
      priority: 'high',
      actor_ids: [notice.actor_id],
      source_event_id: notice.source_event_id,
    });
    expect(noticePayload({ ...notice, kind: 'mention' }, NOTHING_KNOWN)['title']).toBe(
      'Somebody mentioned you',
    );
  });

  it('tells an approval from a refusal', () => {
    const title = (status: string) =>
      noticePayload({ ...notice, kind: 'contact_reviewed', data: { status } }, NOTHING_KNOWN)[
        'title'
      ];
    expect(title('approved')).toContain('accepted');
    expect(title('rejected')).toContain('declined');
  });

  it.each(KINDS)('has a title of one line for %s, however long the names are', (kind) => {
    const known = {
      ...NOTHING_KNOWN,
      actor_name: 'x'.repeat(500),
      conversation_name: 'y'.repeat(500),
    };
    const { title } = noticePayload({ ...notice, kind }, known);
    expect(Array.from(String(title)).length).toBeLessThanOrEqual(LENGTHS.title);
    expect(title).toContain('xxx');
  });

  it('leaves an empty body out', () => {
    expect('body' in noticePayload({ ...notice, text: ' ' }, NOTHING_KNOWN)).toBe(false);
  });
});
