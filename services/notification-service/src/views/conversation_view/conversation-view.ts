import { defineView, on } from '@nova/projection';
import {
  ConversationCreatedSchema,
  ConversationUpdatedSchema,
  MemberAddedSchema,
  MemberRemovedSchema,
  MessageCreatedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import { LENGTHS } from '../../domain/notice.ts';
import { plainText } from '../../domain/plain-text.ts';

/** A conversation as far as notices need it. */
export interface Conversation {
  readonly conversation_id: string;
  /** direct or group; null while no conversation_created was seen. */
  readonly kind: string | null;
  readonly name: string | null;
  /** Members of a direct one, sorted. */
  readonly pair: readonly string[];
}

/** More members than that, and a conversation of unknown kind is not taken for a direct one. */
const MOST_REMEMBERED = 8;

const keys = ({ aggregateId }: { aggregateId: string }) => [{ conversation_id: aggregateId }];
const none = { kind: null, name: null, pair: [] };

function withMembers(pair: readonly string[], added: readonly string[]): readonly string[] {
  return [...new Set([...pair, ...added])].sort().slice(0, MOST_REMEMBERED);
}

/** Kind, name and the two sides of direct conversations. */
export const conversationView = defineView<Conversation, 'conversation_id'>({
  name: 'conversation_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['conversation_id'],
  handlers: [
    on(ConversationCreatedSchema, {
      fields: ['kind', 'creatorId', 'memberIds', 'name'],
      keys,
      fold(row, { payload }, key) {
        const before = row ?? none;
        const kind = before.kind ?? payload.kind ?? null;
        const first = [payload.creatorId ?? '', ...payload.memberIds].filter((id) => id !== '');
        return {
          ...key,
          kind,
          name: nameOf(payload.name) ?? before.name,
          pair: kind === 'group' ? [] : withMembers(before.pair, first),
        };
      },
    }),
    on(ConversationUpdatedSchema, {
      fields: ['name'],
      keys,
      fold: (row, { payload }, key) => ({
        ...(row ?? { ...key, ...none }),
        name: nameOf(payload.name) ?? row?.name ?? null,
      }),
    }),
    on(MemberAddedSchema, {
      fields: ['userId'],
      keys,
      fold(row, { payload }, key) {
        if (row?.kind === 'group' || payload.userId === undefined) return row;
        const before = row ?? none;
        return { ...key, ...before, pair: withMembers(before.pair, [payload.userId]) };
      },
    }),
    on(MemberRemovedSchema, {
      fields: ['userId'],
      keys,
      fold: (row, { payload }) =>
        row?.pair.includes(payload.userId ?? '')
          ? { ...row, pair: row.pair.filter((id) => id !== payload.userId) }
          : row,
    }),
    // Changes nothing: the row is read, so that a message's effects see whom it is for.
    on(MessageCreatedSchema, { fields: [], keys, fold: (row) => row }),
  ],
});

/** Undefined where the event does not give a name, or it was erased. */
function nameOf(given: string | undefined): string | undefined {
  return given === undefined ? undefined : plainText(given, LENGTHS.name);
}
