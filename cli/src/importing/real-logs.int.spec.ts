import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ircConversationId } from '@nova/events';
import { systemClock } from '@nova/time';
import { repositoryRoot } from '../repository.ts';
import { findLogs } from './find-logs.ts';
import { importLogs } from './import-logs.ts';
import type { PublishBatch } from './publisher.ts';

// Public chat logs beside the repository; not part of it.
const LOGS = join(repositoryRoot, '../shared/data/ubuntu-irc');
const isThere = existsSync(LOGS);
const title = isThere ? 'the real logs' : `the real logs (skipped: ${LOGS} is not there)`;

/** Imports into nothing but counts. */
async function countImport() {
  const messages = new Map<string, number>();
  const ids = new Set<string>();
  let published = 0;
  const publish: PublishBatch = (events) => {
    for (const { eventId, eventType, aggregateId } of events) {
      published += ids.has(eventId) ? 0 : 1;
      ids.add(eventId);
      if (eventType !== 'message_created') continue;
      messages.set(aggregateId, (messages.get(aggregateId) ?? 0) + 1);
    }
    return Promise.resolve(events.map(() => 'new'));
  };
  const sources = (await findLogs([LOGS], undefined)).filter(({ name }) =>
    name.endsWith('.raw.txt'),
  );
  const result = await importLogs({
    sources,
    publish,
    date: undefined,
    clock: systemClock,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  return { messages, published, sources, ...result };
}

/** Lines of a file by what they begin with; nothing of the importer is used here. */
function countLines(path: string) {
  const lines = readFileSync(path, 'latin1').split('\n').slice(0, -1);
  const spoken = lines.filter((line) => line.startsWith('[') && line.slice(7, 9) === ' <');
  const served = lines.filter(
    (line) =>
      line.startsWith('=== ') &&
      (line.includes(']  has joined #') || line.includes(']  has left #') || isRename(line)),
  );
  return { lines: lines.length, messages: spoken.length, served: served.length };
}

function isRename(line: string): boolean {
  return line.includes(' is now known as ');
}

(isThere ? describe : describe.skip)(title, () => {
  it('give as many messages per conversation as their files have, and leave no line uncounted', async () => {
    const { tally, messages, published, sources, failure } = await countImport();
    expect(failure).toBeUndefined();
    let lines = 0;
    let understood = 0;
    for (const { path } of sources) {
      const counted = countLines(path);
      lines += counted.lines;
      understood += counted.messages + counted.served;
      const id = ircConversationId('ubuntu-irc', basename(path));
      expect([basename(path), messages.get(id)]).toEqual([basename(path), counted.messages]);
    }
    expect(tally.linesRead).toBe(lines);
    const outcomes = (name: 'events' | 'nothing new' | 'skipped' | 'blank') =>
      tally.lines.get(name) ?? 0;
    expect(outcomes('events') + outcomes('nothing new')).toBe(understood);
    expect(outcomes('skipped') + outcomes('blank')).toBe(lines - understood);
    expect(tally.stored).toBe(published);
  }, 60_000);
});
