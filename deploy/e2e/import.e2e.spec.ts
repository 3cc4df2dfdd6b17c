import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { processEnvironment } from '@nova/config';
import { waitFor } from '@nova/testkit';
import { derived } from './chat-logs.ts';
import { prepareStack, root } from './stack.ts';
import { inversions, loggedEvents, psql, topicRecords } from './witness.ts';

const OFFSET = 5000;
const TYPES = ['conversation_created', 'user_created', 'user_updated'];
TYPES.push('member_added', 'member_removed', 'message_created');
/** Messages of the sample, counted by hand: those lines that a person would say are messages. */
const SAMPLE_MESSAGES: Readonly<Record<string, number>> = {
  '2024-03-09.reading-circle.txt': 55,
  '2024-03-10.reading-circle.txt': 30,
  '2024-03-11.allotment.txt': 14,
  '2024-03-15.odd-lines.txt': 21,
  'bench.weechatlog': 8,
  'workshop_20240314.txt': 11,
};
const LINES = 6_000;

/** What of the document of `import irc -o json` is looked at here. */
interface Report {
  readonly stored: number;
  readonly already_there: number;
  readonly refused: number;
  readonly interrupted: boolean;
  readonly lines: { readonly read: number; readonly not_understood: number };
  readonly findings: readonly { readonly file: string; readonly line: number }[];
}

/** A log of our own making: 20 people who talk, join and leave, over midnight. */
function writeLog(folder: string, name: string): number {
  let messages = 0;
  const lines = Array.from({ length: LINES }, (_, n) => {
    const minute = 1200 + Math.floor(n / 10);
    const time = [Math.floor(minute / 60) % 24, minute % 60].map((part) =>
      `${part}`.padStart(2, '0'),
    );
    if (n % 50 === 7) return `=== p${n % 20} [~u@host]  has joined #made`;
    if (n % 50 === 8) return `=== p${(n + 1) % 20} [~u@host]  has left #made []`;
    messages += 1;
    return `[${time.join(':')}] <p${n % 20}> p${(n + 3) % 20}: line ${n}`;
  });
  writeFileSync(join(folder, name), lines.map((line) => `${line}\n`).join(''));
  return messages;
}

describe('nova import irc', () => {
  const stack = prepareStack(OFFSET);
  const brokers = `localhost:${stack.port(9092)}`;
  const folder = mkdtempSync(join(tmpdir(), 'nova-logs-'));
  let database = '';

  beforeAll(async () => {
    const { code, stderr } = await stack.nova('up', '--detach');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    database = await stack.databaseUrl('nova_events');
  }, 180_000);

  afterAll(async () => {
    await stack.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  async function imported(...args: readonly string[]): Promise<Report> {
    const { code, stdout, stderr } = await stack.nova('import', 'irc', ...args, '-o', 'json');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    // The document that `Report` describes in part.
    return JSON.parse(stdout) as Report;
  }

  /** Messages of a file's conversation in the log, as psql counts them. */
  async function messagesOf(network: string, name: string): Promise<number> {
    const id = derived(`irc:${network}:${name}`);
    const [[count] = []] = await psql(
      database,
      'select count(*) from outbox_events ' +
        `where event_type = 'message_created' and aggregate_id = '${id}'`,
    );
    return Number(count);
  }

  async function expectTopicsLikeLog(): Promise<void> {
    const log = await loggedEvents(database);
    const records = await Promise.all(
      TYPES.map((type) => topicRecords(brokers, `nova_events_${type}`)),
    );
    const inKafka = new Set(records.flat().map(({ eventId }) => eventId));
    expect(inKafka).toEqual(new Set(log.map(({ eventId }) => eventId)));
    expect(inversions(records.flat())).toEqual([]);
  }

  it('brings the sample into the log and its topics, each understood line once', async () => {
    const messages = Object.values(SAMPLE_MESSAGES).reduce((sum, count) => sum + count);
    const follow = ['--from', 'beginning', '-n', String(messages), '-o', 'json'];
    const tailed = stack.nova('tail', 'message_created', ...follow);
    const report = await imported('samples/chat', '--wait');
    expect(report).toMatchObject({ already_there: 0, refused: 0, interrupted: false });
    const log = await loggedEvents(database);
    expect(log).toHaveLength(report.stored);
    for (const [name, count] of Object.entries(SAMPLE_MESSAGES)) {
      expect([name, await messagesOf('chat', name)]).toEqual([name, count]);
    }
    await expectTopicsLikeLog();
    // Who followed the log meanwhile has seen each of them, in its order.
    const shown = (await tailed).stdout.trimEnd().split('\n');
    const said = log.filter(({ topic }) => topic === 'nova_events_message_created');
    // One event a line, as `tail -o json` prints them.
    const ids = shown.map((line) => (JSON.parse(line) as { event_id: string }).event_id);
    expect(ids).toEqual(said.map(({ eventId }) => eventId));
  }, 60_000);

  it('names every line that it did not understand, with its file', async () => {
    const { findings, lines } = await imported('samples/chat');
    expect(findings.length).toBeGreaterThanOrEqual(lines.not_understood);
    const odd = readFileSync(join(root, 'samples/chat/2024-03-15.odd-lines.txt'), 'latin1').split(
      '\n',
    );
    const named = findings
      .filter(({ file }) => file.endsWith('odd-lines.txt'))
      .map(({ line }) => odd[line - 1]?.trim());
    expect(named).toContain('a line that is just text');
    expect(named).toContain('[08:04] <ines> a zero\0byte');
  }, 60_000);

  it('adds nothing the second time', async () => {
    const before = await loggedEvents(database);
    const report = await imported('samples/chat');
    expect(report).toMatchObject({ stored: 0, already_there: before.length });
    expect(await loggedEvents(database)).toHaveLength(before.length);
  }, 60_000);

  it('goes on by itself when events-service is killed meanwhile', async () => {
    const name = '2024-05-01.killed.txt';
    const messages = writeLog(folder, name);
    const before = (await loggedEvents(database)).length;
    // Asked first, and slow enough: it is not to end before the kill.
    const pid = (await stack.pids()).get('events-service');
    // 0 would be this process and its group.
    if (!pid) throw new Error('events-service has no process');
    const slow = ['--rate', '600', '--wait'];
    const running = stack.nova('import', 'irc', '--network', 'made', join(folder, name), ...slow);
    await waitFor(async () => (await loggedEvents(database)).length > before, {
      withinMs: 30_000,
      what: 'the first events of the log',
    });
    process.kill(pid, 'SIGKILL');
    const { code, stderr } = await running;
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(await messagesOf('made', name)).toBe(messages);
    await expectTopicsLikeLog();
  }, 120_000);

  it('ends after Ctrl-C with what it has, and the same command does the rest', async () => {
    const name = '2024-05-02.interrupted.txt';
    const messages = writeLog(folder, name);
    const args = ['import', 'irc', '--network', 'made', join(folder, name)];
    const child = spawn(
      join(root, 'nova'),
      [...args, '--rate', '300', '--port-offset', String(OFFSET)],
      {
        cwd: root,
        env: { ...processEnvironment, ...stack.environment },
        detached: true,
      },
    );
    let said = '';
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    child.stdout.resume();
    await waitFor(async () => (await messagesOf('made', name)) > 0, {
      withinMs: 30_000,
      what: 'the first messages',
    });
    if (!child.pid) throw new Error('nova import has no process');
    // As a terminal does it: to the whole group.
    process.kill(-child.pid, 'SIGINT');
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(said).toContain('interrupted; the same command goes on where this one ended');
    expect(await messagesOf('made', name)).toBeLessThan(messages);
    const rest = await imported(...args.slice(2));
    expect(rest.already_there).toBeGreaterThan(0);
    expect(await messagesOf('made', name)).toBe(messages);
  }, 120_000);

  it('shows events, topics and refusals on the command line', async () => {
    const last = await stack.nova(
      'tail',
      'message_created',
      '--from',
      '-3',
      '--until-now',
      '-o',
      'json',
    );
    const shown = last.stdout.trim().split('\n');
    expect(shown).toHaveLength(3);
    // One event a line, as `tail -o json` prints them.
    const events = shown.map((line) => JSON.parse(line) as { event_type: string });
    expect(events.map((event) => event.event_type)).toEqual(Array(3).fill('message_created'));
    const whole = await stack.nova('tail', '--from', 'beginning', '--until-now', '-o', 'json');
    // Megabytes into a pipe: nothing may be cut off at the end.
    expect(whole.stdout.trimEnd().split('\n')).toHaveLength((await loggedEvents(database)).length);
    const topics = await stack.nova('topics', 'message_created', '-o', 'json');
    const records = await topicRecords(brokers, 'nova_events_message_created');
    expect(JSON.parse(topics.stdout)).toMatchObject([
      { kafka: { partitions: 8, records: String(records.length) } },
    ]);
    const refused = await stack.nova(
      ...['publish', 'message_created', '550e8400-e29b-41d4-a716-446655440000'],
      ...['--payload', '{"content":7}'],
    );
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('payload.content: ');
    expect(refused.stderr).toContain('payload.message_id: ');
    const wrong = await stack.nova('tail', 'message_creatd');
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('message_created') });
  }, 60_000);
});
