import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEventId } from '@nova/events';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { SearchService } from '@nova/proto/gen/search/search_service_pb';
import type { JsonObject } from '@nova/proto/runtime';
import { type Client, createClient } from '@nova/rpc';
import { patientClient } from '@nova/rpc/testing';
import { type TestProcess, type TestService, type TestStack, testStack } from '@nova/testkit';
import fc from 'fast-check';

/*
 * search-service as a process over real PostgreSQL, Kafka, log and relay. What is asked of finding
 * itself is in views/engine/testing/engine.conformance.ts.
 */

const deadlineMs = 10_000;
const [ann, bob, cem, room] = [newEventId(), newEventId(), newEventId(), newEventId()];
const clients: { close(): void }[] = [];
let stack: TestStack;
let service: TestService;
let process: TestProcess;
let events: Client<typeof EventsService>;

function as(userId: string, more: Readonly<Record<string, string>> = {}) {
  const metadata = { 'x-user-id': userId, ...more };
  const client = createClient(SearchService, { address: process.address, deadlineMs, metadata });
  clients.push(client);
  return patientClient(client);
}

/** Publishes by hand, and answers the token to wait for. */
async function tell(eventType: string, aggregateId: string, payload: JsonObject): Promise<string> {
  const { consistencyToken } = await events.publishEvent({ eventType, aggregateId, payload });
  return consistencyToken;
}

async function say(content: string, sender_id = ann, conversation = room) {
  const message_id = newEventId();
  const token = await tell('message_created', conversation, { message_id, sender_id, content });
  return { message_id, token };
}

/** What a user finds among messages. */
async function found(userId: string, query: string, minConsistencyToken = '') {
  const { hits } = await as(userId).searchMessages({ query, minConsistencyToken });
  return hits.map(({ snippet }) => snippet?.text);
}

beforeAll(async () => {
  stack = await testStack();
  service = await stack.service('search');
  process = await service.start();
  events = createClient(EventsService, { address: stack.log.address, deadlineMs });
  clients.push(events);
  await tell('conversation_created', room, {
    kind: 'group',
    creator_id: ann,
    member_ids: [ann, bob],
  });
}, 90_000);

afterAll(async () => {
  for (const client of clients) client.close();
  await stack.remove();
}, 60_000);

describe('search-service', () => {
  it('finds what was published by hand, as soon as the token says', async () => {
    const { message_id, token } = await say('A gramophone in the attic');
    const { hits, totalCount, isMore } = await as(bob).searchMessages({
      query: 'GRAMOPHONE',
      minConsistencyToken: token,
    });
    expect({ totalCount, isMore }).toEqual({ totalCount: 1, isMore: false });
    expect(hits).toEqual([
      expect.objectContaining({
        messageId: message_id,
        conversationId: room,
        senderId: ann,
        match: 'exact',
        sentAt: expect.objectContaining({ seconds: expect.any(BigInt) }),
        snippet: expect.objectContaining({
          text: 'A gramophone in the attic',
          highlights: [expect.objectContaining({ start: 2, length: 10 })],
        }),
      }),
    ]);
    expect(await found(ann, 'gramo')).toEqual(['A gramophone in the attic']);
    expect(await found(ann, 'gramafone gramophome')).toEqual([]);
    expect(await found(ann, 'gramophome')).toEqual(['A gramophone in the attic']);
  });

  it('shows edits and deletions', async () => {
    const { message_id } = await say('a violin');
    const edit = { message_id, editor_id: ann, content: 'a trombone' };
    const edited = await tell('message_edited', room, edit);
    expect(await found(bob, 'trombone', edited)).toEqual(['a trombone']);
    expect(await found(bob, 'violin')).toEqual([]);
    const deleted = await tell('message_deleted', room, { message_id, deleter_id: ann });
    expect(await found(bob, 'trombone', deleted)).toEqual([]);
  });

  it('lets members find what was said in their time, and nobody else', async () => {
    await say('walrus one');
    await tell('member_removed', room, { user_id: bob });
    await tell('member_added', room, { user_id: cem });
    const { token } = await say('walrus two');
    expect(await found(ann, 'walrus', token)).toEqual(['walrus two', 'walrus one']);
    expect(await found(bob, 'walrus', token)).toEqual(['walrus one']);
    expect(await found(cem, 'walrus', token)).toEqual(['walrus two']);
    expect(await found(newEventId(), 'walrus', token)).toEqual([]);
    await tell('member_added', room, { user_id: bob });
  });

  it('searches for others only with the role service', async () => {
    const { token } = await say('a heron');
    const request = { query: 'heron', userId: ann, minConsistencyToken: token };
    await expect(as(cem).searchMessages(request)).rejects.toMatchObject({
      status: 'PERMISSION_DENIED',
      reason: 'REQUEST_USER_DENIED',
    });
    const acting = as(newEventId(), { 'x-nova-roles': 'service' });
    expect((await acting.searchMessages(request)).totalCount).toBe(1);
    const dev = createClient(SearchService, { address: process.address, deadlineMs });
    clients.push(dev);
    expect((await dev.searchMessages(request)).totalCount).toBe(1);
    expect((await dev.searchMessages({ query: 'heron' })).totalCount).toBe(0);
    const metadata = { 'x-nova-service': 'spec', 'x-nova-roles': 'service' };
    const nobody = createClient(SearchService, { address: process.address, deadlineMs, metadata });
    clients.push(nobody);
    await expect(nobody.searchMessages({ query: 'heron' })).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      violations: [{ field: 'user_id', description: expect.any(String) }],
    });
  });

  it('lists all kinds with their counts, page by page', async () => {
    const [post, author] = [newEventId(), newEventId()];
    const text = { author_id: author, title: 'On marmots', content: 'A marmot whistles' };
    const comment = { comment_id: newEventId(), author_id: author, post_author_id: author };
    // A token tells of its aggregate, and of no other.
    const tokens = [
      (await say('marmot!')).token,
      await tell('user_created', author, { username: 'marmot', bio: 'whistles' }),
      await tell('post_created', post, text),
      await tell('comment_created', post, { ...comment, content: 'marmots sleep' }),
    ];
    for (const token of tokens) await found(ann, 'marmot', token);
    const client = as(ann);
    const users = await client.searchUsers({ query: 'marmot' });
    expect(users.hits).toEqual([
      expect.objectContaining({ userId: author, username: 'marmot', match: 'exact' }),
    ]);
    const posts = await client.searchPosts({ query: 'marmot', authorId: author });
    expect(posts.hits).toEqual([expect.objectContaining({ postId: post, title: 'On marmots' })]);
    const kinds: unknown[] = [];
    let pageToken = '';
    do {
      const page = await client.fullTextSearch({ query: 'marmot', pageSize: 1, pageToken });
      expect(page.counts).toEqual(
        ['message', 'user', 'post', 'comment'].map((kind) =>
          expect.objectContaining({ kind, totalCount: 1, isMore: false }),
        ),
      );
      kinds.push(...page.hits.map(({ hit }) => hit.case));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(kinds).toEqual(['user', 'post', 'message', 'comment']);
    const some = await client.fullTextSearch({ query: 'marmot', kinds: ['comment', 'post'] });
    expect(some.counts.map(({ kind }) => kind)).toEqual(['post', 'comment']);
  });

  it('ends a page early where what is found is large', async () => {
    // 20 of these are more than a gRPC client takes in one answer.
    const avatar_url = `https://example.org/${'x'.repeat(240 * 1024)}`;
    const ids = Array.from({ length: 20 }, () => newEventId());
    const tokens: string[] = [];
    for (const id of ids) {
      tokens.push(await tell('user_created', id, { username: 'heavyweight', avatar_url }));
    }
    for (const token of tokens) await found(ann, 'heavyweight', token);
    const seen: string[] = [];
    for (let pageToken = ''; ; ) {
      const asked = { query: 'heavyweight', pageSize: 100, pageToken };
      const page = await as(ann).searchUsers(asked);
      seen.push(...page.hits.map(({ userId }) => userId));
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    expect(seen.sort()).toEqual(ids.sort());
  }, 60_000);

  it('binds a page to all that was asked', async () => {
    await say('ibis one');
    const { token } = await say('ibis two');
    const client = as(ann);
    const first = await client.searchMessages({
      query: 'Ibis',
      pageSize: 1,
      minConsistencyToken: token,
    });
    expect(first.nextPageToken).not.toBe('');
    const { nextPageToken: pageToken } = first;
    // The same words make the same list, however they are written.
    const second = await client.searchMessages({ query: 'ibis!', pageSize: 5, pageToken });
    expect(second.hits.map(({ snippet }) => snippet?.text)).toEqual(['ibis one']);
    expect(second.nextPageToken).toBe('');
    const refused = { status: 'INVALID_ARGUMENT', violations: [{ field: 'page_token' }] };
    for (const other of [
      () => client.searchMessages({ query: 'ibex', pageToken }),
      () => client.searchMessages({ query: 'ibis', exactOnly: true, pageToken }),
      () => client.searchMessages({ query: 'ibis', conversationId: room, pageToken }),
      () => client.fullTextSearch({ query: 'ibis', pageToken }),
      () => as(bob).searchMessages({ query: 'ibis', pageToken }),
      () => client.searchMessages({ query: 'ibis', pageToken: `${pageToken}x` }),
    ]) {
      await expect(other()).rejects.toMatchObject(refused);
    }
  });

  it('names everything that is wrong with a request', async () => {
    const wrong = as(ann).searchMessages({
      query: '*?!',
      userId: 'me',
      conversationId: 'there',
      senderId: ann.toUpperCase(),
      pageSize: -1,
    });
    await expect(wrong).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'REQUEST_INVALID',
      violations: ['query', 'user_id', 'conversation_id', 'sender_id', 'page_size'].map((field) =>
        expect.objectContaining({ field }),
      ),
    });
    const kinds = as(ann).fullTextSearch({ query: 'x', kinds: ['post', 'hashtag'] });
    await expect(kinds).rejects.toMatchObject({ violations: [{ field: 'kinds[1]' }] });
    const long = as(ann).searchUsers({ query: 'a'.repeat(10_000) });
    await expect(long).rejects.toMatchObject({ violations: [{ field: 'query' }] });
  });

  it('answers any query, or says that it is invalid', async () => {
    const client = as(ann);
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: fc.constantFrom(...'&|!<->():*\'"\\%_;$@=~ aé猫🎉'), maxLength: 60 }),
    );
    await fc.assert(
      fc.asyncProperty(text, async (query) => {
        const asked = client.fullTextSearch({ query: query.toWellFormed() });
        const status = await asked.then(
          () => 'OK',
          (thrown: { status?: string }) => thrown.status,
        );
        expect(['OK', 'INVALID_ARGUMENT']).toContain(status);
      }),
      { numRuns: 100 },
    );
  }, 30_000);

  it('has the same rows after it was killed in the middle', async () => {
    const { token } = await say('before the kill');
    await found(ann, 'kill', token);
    await process.kill();
    const later = await say('after the kill');
    process = await service.start();
    expect(await found(ann, 'the kill', later.token)).toEqual([
      'after the kill',
      'before the kill',
    ]);
  }, 60_000);
});
