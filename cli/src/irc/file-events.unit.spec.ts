import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { ircUserId } from '@nova/events';
import { FileEvents } from './file-events.ts';
import { LineSplitter } from './raw-line.ts';
import { LogScan } from './scan.ts';
import { type Imported, importText, judge, NAME, NETWORK } from './spec-log.ts';

const user = (nick: string) => ircUserId(NETWORK, nick);
/** `type nick…` of each event, users named by the nick of their id. */
function told({ events }: Imported): string[] {
  const nicks = ['bob', 'bob_', 'al', 'al_', 'cy', 'rob'];
  const nameOf = (id: unknown) => nicks.find((nick) => user(nick) === id) ?? '?';
  return events.map(({ eventType, aggregateId, payload }) => {
    switch (eventType) {
      case 'conversation_created':
        return `conversation by ${nameOf(payload['creator_id'])}`;
      case 'user_created':
        return `user ${nameOf(aggregateId)} = ${payload['username']}`;
      case 'user_updated':
        return `user ${nameOf(aggregateId)} is now ${payload['username']}`;
      case 'member_added':
        return `+${nameOf(payload['user_id'])}`;
      case 'member_removed':
        return `-${nameOf(payload['user_id'])}`;
      case 'message_created': {
        const [mentioned] = (payload['mentioned_user_ids'] as string[] | undefined) ?? [];
        const to = mentioned === undefined ? '' : ` to ${nameOf(mentioned)}`;
        return `${nameOf(payload['sender_id'])} says ${payload['content']}${to}`;
      }
      default:
        return '?';
    }
  });
}

const lines = (...text: string[]) => importText(text.map((line) => `${line}\n`).join(''));

describe('FileEvents', () => {
  it('makes a conversation, users, memberships and messages of a log', () => {
    expect(
      told(
        lines(
          '=== bob [b@h]  has joined #x',
          '[09:14] <bob> hello',
          '[09:15] <al> bob: hi',
          '=== al [a@h]  has left #x []',
          '=== al [a@h]  has joined #x',
          '[09:16] <al> back',
        ),
      ),
    ).toEqual([
      'conversation by bob',
      'user bob = bob',
      '+bob',
      'bob says hello',
      'user al = al',
      '+al',
      'al says bob: hi to bob',
      '-al',
      '+al',
      'al says back',
    ]);
  });

  it('adds nobody twice and removes nobody twice', () => {
    const imported = lines(
      '[09:14] <bob> hello',
      '=== bob [b@h]  has joined #x',
      '=== bob [b@h]  has left #x []',
      '=== bob [b@h]  has quit []',
      '[09:15] <bob> still here',
    );
    expect(told(imported).filter((text) => /^[+-]/.test(text))).toEqual(['+bob', '-bob', '+bob']);
    expect(imported.lines.map(({ outcome }) => outcome)).toEqual([
      'events',
      'nothing new',
      'events',
      'nothing new',
      'events',
    ]);
  });

  it('removes somebody whom the log shows for the first time by leaving', () => {
    expect(told(lines('=== bob [b@h]  has left #x []'))).toEqual([
      'conversation by bob',
      'user bob = bob',
      '-bob',
    ]);
  });

  it('keeps the first user id of a person through nick changes', () => {
    expect(
      told(
        lines(
          '[09:14] <bob> one',
          '=== bob is now known as bob_',
          '[09:15] <bob_> two',
          '=== bob_ is now known as rob',
          '[09:16] <rob> three',
          '=== rob is now known as bob',
          '[09:17] <bob> four',
        ),
      ),
    ).toEqual([
      'conversation by bob',
      'user bob = bob',
      '+bob',
      'bob says one',
      'user bob is now bob_',
      'bob says two',
      'user bob is now rob',
      'bob says three',
      'user bob is now bob',
      'bob says four',
    ]);
  });

  it('gives a nick to whoever took it last', () => {
    // The connection of al hung; al_ is a second one that takes the nick over.
    expect(
      told(
        lines(
          '[09:14] <al> one',
          '[09:15] <al_> two',
          '=== al_ is now known as al',
          '[09:16] <al> three',
          '[09:17] <bob> al: four',
        ),
      ).slice(-6),
    ).toEqual([
      'al_ says two',
      'user al_ is now al',
      'al_ says three',
      'user bob = bob',
      '+bob',
      'bob says al: four to al_',
    ]);
  });

  it('creates the user of a nick change whom nobody has seen before', () => {
    expect(told(lines('=== bob is now known as rob', '[09:14] <rob> hi'))).toEqual([
      'conversation by bob',
      'user bob = bob',
      'user bob is now rob',
      '+bob',
      'bob says hi',
    ]);
  });

  it.each([
    ['a later speaker', '[09:20] <cy> here', 'cy'],
    ['a later joiner', '=== cy [c@h]  has joined #x', 'cy'],
    ['the later side of a nick change', '=== bob is now known as cy', 'bob'],
    ['the earlier side of a nick change', '=== cy is now known as rob', 'cy'],
  ])('sees a mention of %s', (_, later, mentioned) => {
    expect(told(lines('[09:14] <bob> cy: are you there?', later))).toContain(
      `bob says cy: are you there? to ${mentioned}`,
    );
  });

  it('sees no mention of somebody who only leaves, or is only spoken of', () => {
    const texts = told(
      lines('[09:14] <bob> cy: hi', '[09:14] <bob> al, hi', '=== cy [c@h]  has left #x []'),
    );
    expect(texts).toContain('bob says cy: hi');
    expect(texts).toContain('bob says al, hi');
  });

  it('mentions who bore a nick last when nobody bears it now', () => {
    expect(
      told(lines('[09:14] <bob> x', '=== bob is now known as rob', '[09:15] <al> bob: y')),
    ).toContain('al says bob: y to bob');
  });

  it('gives lines without a time that of the line before, also when that was not understood', () => {
    const { events } = lines(
      '=== al [a@h]  has joined #x',
      '[23:50] <bob> one',
      '[00:10]  * bob yawns',
      '=== cy [c@h]  has joined #x',
    );
    expect(events.map(({ eventType, occurredAtMs }) => [eventType, at(occurredAtMs)])).toEqual([
      ['conversation_created', '25T23:50'],
      ['user_created', '25T23:50'],
      ['member_added', '25T23:50'],
      ['user_created', '25T23:50'],
      ['member_added', '25T23:50'],
      ['message_created', '25T23:50'],
      ['user_created', '26T00:10'],
      ['member_added', '26T00:10'],
    ]);
  });

  it('creates a user with the same event from every file', () => {
    const createdIn = (name: string, text: string) =>
      importText(text, name)
        .events.filter(({ eventType }) => eventType === 'user_created')
        .map(({ eventId, aggregateId, payload }) => ({ eventId, aggregateId, payload }));
    const first = createdIn('a.log', '[09:14] <bob> x\n');
    const second = createdIn('b.log', '[20:00] <al> y\n[20:01] <bob> z\n');
    expect(second).toContainEqual(first[0]);
  });

  it('reports what it skips, changes or doubts, with file and line', () => {
    const splitter = new LineSplitter();
    const bytes = Buffer.from(
      '[11:59] <bob> a\n[09:00] <bob> caf\xe9\n[09:01] <b\xe9> x\n',
      'latin1',
    );
    const raws = splitter.push(bytes);
    const scan = new LogScan({ network: NETWORK, date: '2004-12-25' });
    for (const raw of raws) scan.push(raw);
    const first = scan.summary.first;
    if (first === undefined) throw new Error('nobody was found');
    const file = new FileEvents({
      network: NETWORK,
      name: NAME,
      path: `logs/${NAME}`,
      date: '2004-12-25',
      summary: { ...scan.summary, first },
    });
    const findings = raws.flatMap((raw) => file.line(raw).findings);
    expect(
      findings.map(({ file: path, line, severity, reason }) => [path, line, severity, reason]),
    ).toEqual([
      [`logs/${NAME}`, 2, 'altered', 'invalid UTF-8'],
      [`logs/${NAME}`, 2, 'noted', 'taken as the next day'],
      [`logs/${NAME}`, 3, 'skipped', 'nick is not UTF-8'],
    ]);
  });

  it('does not import what does not fit into an event', () => {
    const big = (size: number, letter = 'x') => `[09:14] <bob> ${letter.repeat(size)}`;
    const imported = lines(big(250 * 1024), big(256 * 1024), big(100_000, '\u0001'));
    expect(imported.lines.map(({ outcome }) => outcome)).toEqual(['events', 'skipped', 'skipped']);
    expect(imported.lines[1]?.findings[0]?.reason).toBe('too long');
    for (const event of imported.events) expect(judge(event)).toMatchObject({ ok: true });
  });
});

function at(ms: number): string {
  return new Date(ms).toISOString().slice(8, 16);
}
