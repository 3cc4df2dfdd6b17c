import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@nova/time';
import type { ImportEvent } from '../irc/import-event.ts';
import { repositoryRoot } from '../repository.ts';
import { findLogs } from './find-logs.ts';
import { importLogs } from './import-logs.ts';
import type { EventOutcome, PublishBatch } from './publisher.ts';

const SAMPLE = join(repositoryRoot, 'samples/chat');

/** A log in memory that judges event ids as events-service does, and answers late. */
class MemoryLog {
  readonly events = new Map<string, ImportEvent>();
  calls = 0;
  inFlight = 0;
  mostInFlight = 0;
  onCall: () => void = () => {};

  readonly publish: PublishBatch = async (events) => {
    this.calls += 1;
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    await new Promise((resolve) => setImmediate(resolve));
    this.onCall();
    const outcomes = events.map((event) => this.#store(event));
    this.inFlight -= 1;
    return outcomes;
  };

  #store(event: ImportEvent): EventOutcome {
    const known = this.events.get(event.eventId);
    if (known === undefined) {
      this.events.set(event.eventId, event);
      return 'new';
    }
    return JSON.stringify(known.payload) === JSON.stringify(event.payload)
      ? 'already there'
      : { refused: 'EVENT_ID_REUSED', message: 'belongs to an event with other content' };
  }

  aggregate(id: string): readonly ImportEvent[] {
    return [...this.events.values()].filter(({ aggregateId }) => aggregateId === id);
  }
}

async function importInto(
  log: MemoryLog,
  paths: readonly string[],
  { signal = new AbortController().signal, network = undefined as string | undefined } = {},
) {
  const sources = await findLogs(paths, network);
  return await importLogs({
    sources,
    publish: log.publish,
    date: undefined,
    clock: systemClock,
    signal,
    onProgress: () => {},
  });
}

describe('importLogs', () => {
  it('imports the sample: every line is counted, every message is there', async () => {
    const log = new MemoryLog();
    const { tally, failure, interrupted } = await importInto(log, [SAMPLE]);
    expect([failure, interrupted]).toEqual([undefined, false]);
    expect(tally.filesDone).toBe(6);
    expect(tally.skippedFiles).toEqual([]);
    expect(tally.stored).toBe(log.events.size);
    expect([tally.alreadyThere, tally.refused]).toEqual([0, 0]);
    // 212 line ends, and one line without.
    expect(tally.linesRead).toBe(213);
    expect(Object.fromEntries(tally.lines)).toEqual({
      events: 180,
      'nothing new': 1,
      marker: 3,
      blank: 2,
      skipped: 27,
    });
    expect(tally.findings.count('skipped')).toBe(27);
  });

  it('has as many messages per conversation as the files, counted otherwise', async () => {
    const log = new MemoryLog();
    const sources = await findLogs([SAMPLE], undefined);
    await importInto(log, [SAMPLE]);
    for (const { path, name } of sources.filter(({ name }) => name.includes('reading-circle'))) {
      const lines = readFileSync(path, 'utf8').split('\n');
      const counted = lines.filter((line) => line.startsWith('[')).length;
      const conversation = [...log.events.values()].find(
        ({ eventType, payload }) =>
          eventType === 'conversation_created' && payload['name'] === name,
      );
      const messages = log
        .aggregate(conversation?.aggregateId ?? '')
        .filter(({ eventType }) => eventType === 'message_created');
      expect([name, messages.length]).toEqual([name, counted]);
    }
  });

  it('adds nothing the second time', async () => {
    const log = new MemoryLog();
    const first = await importInto(log, [SAMPLE]);
    const second = await importInto(log, [SAMPLE]);
    expect(second.tally.stored).toBe(0);
    expect(second.tally.alreadyThere).toBe(first.tally.stored);
    expect(second.tally.findings.list()).toEqual(first.tally.findings.list());
  });

  it('goes on after an interruption and ends with what one run would have', async () => {
    const whole = new MemoryLog();
    await importInto(whole, [SAMPLE]);
    for (const calls of [1, 2, 3]) {
      const log = new MemoryLog();
      const controller = new AbortController();
      log.onCall = () => {
        if (log.calls >= calls) controller.abort();
      };
      const stopped = await importInto(log, [SAMPLE], { signal: controller.signal });
      expect(stopped.interrupted).toBe(true);
      expect(stopped.tally.stored).toBe(log.events.size);
      log.onCall = () => {};
      await importInto(log, [SAMPLE]);
      expect(new Set(log.events.keys())).toEqual(new Set(whole.events.keys()));
    }
  });

  it('stores the events of each aggregate in the order of its file', async () => {
    const log = new MemoryLog();
    await importInto(log, [SAMPLE]);
    const conversations = [...log.events.values()].filter(
      ({ eventType }) => eventType === 'conversation_created',
    );
    for (const { aggregateId } of conversations) {
      const lines = log.aggregate(aggregateId).map(({ line }) => line);
      expect(lines).toEqual([...lines].sort((a, b) => a - b));
    }
    for (const { aggregateId } of [...log.events.values()]) {
      const [first] = log.aggregate(aggregateId);
      expect(first?.eventType).toMatch(/_created$/);
    }
    expect(log.mostInFlight).toBeGreaterThan(1);
  });

  it('has one batch of a file in flight, so that late answers put nothing out of order', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nova-import-'));
    const lines = Array.from({ length: 1700 }, (_, n) => `[09:14] <p${n % 7}> line ${n}\n`);
    writeFileSync(join(folder, '2004-12-25.log'), lines.join(''));
    const stored: ImportEvent[] = [];
    let calls = 0;
    const sources = await findLogs([folder], 'net');
    const { failure } = await importLogs({
      sources,
      // Each call takes a shorter time than the one before.
      async publish(events) {
        calls += 1;
        for (let turns = 20 - 5 * calls; turns > 0; turns -= 1) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        stored.push(...events);
        return events.map(() => 'new');
      },
      date: undefined,
      clock: systemClock,
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    rmSync(folder, { recursive: true });
    expect(failure).toBeUndefined();
    expect(calls).toBe(4);
    const contents = stored.flatMap(({ payload }) => payload['content'] ?? []);
    expect(contents).toEqual(lines.map((_, n) => `line ${n}`));
  });

  it('stops at a failure, and says which', async () => {
    const log = new MemoryLog();
    const down = new Error('down');
    log.onCall = () => {
      if (log.calls > 2) throw down;
    };
    const { failure, interrupted } = await importInto(log, [SAMPLE]);
    expect(failure).toBe(down);
    expect(interrupted).toBe(false);
  });

  it('reports what is stored with other content, by file and line', async () => {
    const log = new MemoryLog();
    await importInto(log, [SAMPLE]);
    const [id, event] =
      [...log.events].find(([, { payload }]) => payload['content'] === 'evening all') ?? [];
    if (id === undefined || event === undefined) throw new Error('the sample has changed');
    log.events.set(id, { ...event, payload: { ...event.payload, content: 'changed' } });
    const { tally } = await importInto(log, [SAMPLE]);
    expect(tally.refused).toBe(1);
    expect(tally.findings.list().filter(({ severity }) => severity === 'refused')).toMatchObject([
      {
        file: expect.stringContaining('2024-03-09.reading-circle.txt'),
        line: 2,
        reason: 'stored with other content',
      },
    ]);
  });

  it('skips files that are no logs and says why', async () => {
    const log = new MemoryLog();
    const { tally } = await importInto(log, [join(repositoryRoot, 'samples/README.md')]);
    expect(tally.skippedFiles).toMatchObject([
      { reason: expect.stringMatching(/^none of its \d+ lines is understood$/), named: true },
    ]);
    expect(log.calls).toBe(0);
  });
});

describe('findLogs', () => {
  it('takes the folder as the network, unless another is named', async () => {
    const [file] = await findLogs([join(SAMPLE, 'bench.weechatlog')], undefined);
    expect(file).toMatchObject({ network: 'chat', name: 'bench.weechatlog', named: true });
    const [renamed] = await findLogs([SAMPLE], 'other');
    expect(renamed).toMatchObject({ network: 'other', named: false });
  });

  it('takes a file once, also when its folder is named as well', async () => {
    expect(await findLogs([SAMPLE, join(SAMPLE, 'bench.weechatlog')], undefined)).toHaveLength(6);
  });

  it('refuses what would give the same ids to two files', async () => {
    const paths = [join(repositoryRoot, 'README.md'), join(repositoryRoot, 'samples/README.md')];
    await expect(findLogs(paths, 'same')).rejects.toThrow('the same name in the network same');
  });

  it('refuses paths that are not there and networks that cannot be part of an id', async () => {
    await expect(findLogs([join(SAMPLE, 'nothing.log')], undefined)).rejects.toThrow(
      'cannot be read',
    );
    await expect(findLogs([SAMPLE], 'a:b')).rejects.toThrow('contains a colon');
  });
});
