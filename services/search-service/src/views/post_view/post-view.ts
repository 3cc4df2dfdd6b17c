import { defineView, type Key, on, type ViewEvent } from '@nova/projection';
import {
  PostCreatedSchema,
  PostDeletedSchema,
  PostUpdatedSchema,
} from '@nova/proto/gen/community/post_events_pb';
import { indexedWithHead } from '../../domain/document-words.ts';
import { momentOf } from '../../domain/moments.ts';

interface Post {
  readonly post_id: string;
  readonly author_id: string;
  readonly title: string;
  readonly content: string;
  readonly visibility: string;
  readonly posted_at: number;
  readonly words: string;
  readonly is_deleted: boolean;
}

interface Written {
  readonly authorId?: string | undefined;
  readonly title?: string | undefined;
  readonly content?: string | undefined;
  readonly topic?: string | undefined;
  readonly tags: readonly string[];
  readonly visibility?: string | undefined;
}

type Given = Parameters<typeof momentOf>[0];

const keys = ({ aggregateId }: { readonly aggregateId: string }) => [{ post_id: aggregateId }];

/** The post as the event has it: created and updated carry the whole document. */
function written(
  row: Post | undefined,
  { payload, ...times }: Pick<ViewEvent<Written>, 'payload' | 'occurredAt' | 'storedAt'>,
  key: Key<Post, 'post_id'>,
  at: Given,
): Post | undefined {
  const author = row?.author_id ?? payload.authorId;
  if (author === undefined || row?.is_deleted === true) return row;
  const { title = '', content = '', topic, tags } = payload;
  return {
    ...key,
    author_id: author,
    title,
    content,
    // What was for few does not become public by an update that does not say so.
    visibility: payload.visibility ?? row?.visibility ?? 'public',
    posted_at: row?.posted_at ?? momentOf(at, times),
    words: indexedWithHead([title], [content, topic, ...tags]),
    is_deleted: false,
  };
}

/** Posts with their words. What is deleted leaves an empty row: nothing brings it back. */
export const postView = defineView<Post, 'post_id'>({
  name: 'post_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['post_id'],
  handlers: [
    on(PostCreatedSchema, {
      fields: ['createdAt', 'authorId', 'title', 'content', 'topic', 'tags', 'visibility'],
      keys,
      // Of two posts with one id the first one stays; an update that came before it is newer.
      fold: (row, event, key) => row ?? written(row, event, key, event.payload.createdAt),
    }),
    on(PostUpdatedSchema, {
      fields: ['updatedAt', 'title', 'content', 'topic', 'tags', 'visibility', 'authorId'],
      keys,
      fold: (row, event, key) => written(row, event, key, event.payload.updatedAt),
    }),
    on(PostDeletedSchema, {
      fields: ['deleterId'],
      keys,
      fold: (row, { payload, occurredAt, storedAt }, key) => ({
        ...key,
        author_id: row?.author_id ?? payload.deleterId ?? key.post_id,
        title: '',
        content: '',
        visibility: 'private',
        posted_at: row?.posted_at ?? momentOf(undefined, { occurredAt, storedAt }),
        words: '',
        is_deleted: true,
      }),
    }),
  ],
});
