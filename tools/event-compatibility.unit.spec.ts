import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { catalogue, type EventField, type EventType } from '@nova/events';
import { baselineTypes } from './baseline-image.ts';
import { breakingChanges } from './breaking-changes.ts';
import { incompatibilities } from './event-compatibility.ts';
import { root } from './source-files.ts';

const before = baselineTypes();

/** The baseline with one type changed, or without it. */
function changed(type: string, change: (old: EventType) => EventType | undefined): EventType[] {
  return before
    .map((eventType) => (eventType.type === type ? change(eventType) : eventType))
    .filter((eventType) => eventType !== undefined);
}

function withField(name: string, change: Partial<EventField>): (old: EventType) => EventType {
  return (old) => ({
    ...old,
    fields: old.fields.map((field) => (field.name === name ? { ...field, ...change } : field)),
  });
}

describe('the event types', () => {
  it('break nobody who knows those of the baseline', () => {
    expect(incompatibilities(before, catalogue.all())).toEqual([]);
  });

  it('are all protected by the baseline, but for drafts (else run: node tools/proto-baseline.ts)', () => {
    const final = catalogue.all().filter(({ draft }) => !draft);
    expect(before.map(({ type }) => type).sort()).toEqual(final.map(({ type }) => type).sort());
  });
});

describe('incompatibilities', () => {
  const field = withField;
  it.each<[string, string, (old: EventType) => EventType | undefined, string]>([
    ['a lost type', 'message_read', () => undefined, 'message_read is gone'],
    [
      'another aggregate type',
      'message_read',
      (old) => ({ ...old, aggregateType: 'x' }),
      'message_read changed its aggregate type',
    ],
    [
      'another key',
      'message_read',
      (old) => ({ ...old, keyRule: { kind: 'uuid' } }),
      'message_read changed its key rule',
    ],
    [
      'a draft again',
      'message_read',
      (old) => ({ ...old, draft: true }),
      'message_read became a draft again',
    ],
    [
      'an older schema',
      'message_read',
      (old) => ({ ...old, schemaVersion: 0 }),
      'message_read has a lower schema version',
    ],
    [
      'a field now required',
      'message_read',
      field('read_at', { required: true }),
      'message_read.read_at became required',
    ],
    [
      'a field now a UUID',
      'push_sent',
      field('device_id', { uuid: true }),
      'push_sent.device_id must now be a UUID',
    ],
    [
      'a lost value',
      'member_added',
      field('role', { values: ['owner'] }),
      'member_added.role allows fewer values',
    ],
    [
      'first values',
      'push_sent',
      field('channel', { values: ['fcm'] }),
      'push_sent.channel allows fewer values',
    ],
    [
      'a lower limit',
      'conversation_created',
      field('member_ids', { maxItems: 499 }),
      'conversation_created.member_ids has a lower maximum',
    ],
    [
      'a first maximum',
      'message_read',
      field('last_read_sequence', { maximum: 5 }),
      'message_read.last_read_sequence has a lower maximum',
    ],
    [
      'a higher minimum',
      'message_read',
      field('last_read_sequence', { minimum: 1 }),
      'message_read.last_read_sequence has a higher minimum',
    ],
    [
      'text no longer personal',
      'message_created',
      field('content', { personal: false }),
      'message_created.content is no longer personal',
    ],
  ])('name %s', (_, type, change, sentence) => {
    expect(incompatibilities(before, changed(type, change))).toEqual([sentence]);
  });

  it('name a new required field', () => {
    const without = changed('message_read', (old) => ({
      ...old,
      fields: old.fields.filter(({ name }) => name !== 'user_id'),
    }));
    expect(incompatibilities(without, before)).toEqual([
      'message_read.user_id is new and required',
    ]);
  });

  it('do not name what is looser', () => {
    const looser = changed('conversation_created', (old) => ({
      ...old,
      schemaVersion: 2,
      fields: old.fields.map((each) => ({
        ...each,
        required: false,
        values: [],
        maxItems: each.maxItems && 501,
      })),
    }));
    expect(incompatibilities(before, looser)).toEqual([]);
  });
});

describe('breakingChanges', () => {
  /** What is found after `from` was replaced by `to` in a copy of the proto files. */
  function changesAfter(file: string, from: string, to: string): string {
    const copy = mkdtempSync(join(tmpdir(), 'nova-proto-'));
    try {
      cpSync(join(root, 'proto'), copy, {
        recursive: true,
        filter: (path) => !/^.proto.(node_modules|gen)/.test(path.slice(root.length)),
      });
      const text = readFileSync(join(copy, file), 'utf8');
      expect(text).toContain(from);
      writeFileSync(join(copy, file), text.replaceAll(from, to));
      return breakingChanges(copy);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }

  it('are none in the repository', () => {
    expect(breakingChanges(join(root, 'proto'))).toBe('');
  });

  it('report a renamed field of a final type', () => {
    expect(changesAfter('messaging/conversation_events.proto', ' nonce ', ' nounce ')).toContain(
      'nonce',
    );
  });

  it('report a change of the API', () => {
    expect(
      changesAfter('events/events_service.proto', 'rpc GetEvent(', 'rpc FetchEvent('),
    ).toContain('GetEvent');
  });

  it('let a draft change', () => {
    expect(changesAfter('community/post_events.proto', ' visibility ', ' seen_by ')).toBe('');
  });
});
