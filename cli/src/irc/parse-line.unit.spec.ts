import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GRAMMAR_HELP } from './grammar-help.ts';
import { parseLine } from './parse-line.ts';
import type { LineContent } from './parsed-line.ts';

const message = (nick: string, text: string): LineContent => ({ kind: 'message', nick, text });
const join = (nick: string): LineContent => ({ kind: 'join', nick });
const leave = (nick: string): LineContent => ({ kind: 'leave', nick });
const rename = (from: string, to: string): LineContent => ({ kind: 'rename', from, to });
const other = (reason: string) => ({ kind: 'other', reason });

describe('parseLine', () => {
  it.each(GRAMMAR_HELP)('understands the shape of the help: $shape', ({ shape, example }) => {
    const { content, grammar } = parseLine(example);
    const kinds = {
      message: 'message',
      join: 'join',
      leave: 'leave',
      nick: 'rename',
      day: 'marker',
    };
    const expected = Object.entries(kinds).find(([word]) => shape.startsWith(word))?.[1];
    expect(content.kind).toBe(expected);
    expect(grammar).toBeDefined();
  });

  it.each<[string, LineContent]>([
    ['[09:14] <crimsun> bob: hi', message('crimsun', 'bob: hi')],
    ['[09:14] <bob>', message('bob', '')],
    ['[09:14] <bob> ', message('bob', '')],
    ['[09:14] <bob>  two spaces, one is text', message('bob', ' two spaces, one is text')],
    ['[09:14] <`anthony> <b> in text', message('`anthony', '<b> in text')],
    ['[09:14] <|QuaD-> x', message('|QuaD-', 'x')],
    ['[09:14] <^_^> x', message('^_^', 'x')],
    ['[09:14] <[x]> x', message('[x]', 'x')],
    ['[09:14] <bo[w] line> x', message('bo[w] line', 'x')],
    ['[09:14] <[moth] > x', message('[moth]', 'x')],
    ['[09:14:22] <+bob> x', message('bob', 'x')],
    ['9:14 <~bob> x', message('bob', 'x')],
    ['[12:05 AM] <bob> x', message('bob', 'x')],
    ['2004-12-25T09:14:22Z <bob> x', message('bob', 'x')],
    ['=== bur[n] er [~u@h]  has joined #x', join('bur[n] er')],
    ['=== [optik]  [~optik@200.1.2.3]  has joined #x', join('[optik]')],
    ['=== aug [[H] -85@58.10.69.123]  has joined #x', join('aug')],
    ['=== bob [n=bob@host]  has left #x ["Ubuntu]', leave('bob')],
    ['=== bob [n=bob@host]  has quit [Read error: 104 (reset)]', leave('bob')],
    ['=== Bart]  is now known as _Bart_', rename('Bart]', '_Bart_')],
    ['=== fan is now known as [a] fan', rename('fan', '[a] fan')],
    ['[09:14] * bob (~bob@host) has joined #x', join('bob')],
    ['09:14 -!- bob [~bob@host] has quit [bye [now]]', leave('bob')],
  ])('reads %j', (line, content) => {
    expect(parseLine(line).content).toEqual(content);
  });

  it.each([
    ['=== bob waves', 'action'],
    ['=== bob has left the building', 'action'],
    ['=== bob has joined', 'action'],
    ['=== bob is now known as the king of bob', 'action'],
    ['=== bob entered the room', 'action'],
    ['[09:14]  * bob waves', 'action'],
    ['[09:14] * bob is now known as rob', 'action'],
    ['=== mode/#x [+o bob]  by ChanServ', 'mode'],
    ['=== bob was kicked off #x by al (al)', 'kick'],
    ['=== bob changed the topic of #x to: y', 'topic'],
    ['=== netjoined: a -> b', 'server message'],
    ['[05:12] -bob:#x- free hats', 'notice'],
    ['<bob> no time', 'no time'],
    ['[24:00] <bob> x', 'impossible time'],
    ['[09:60] <bob> x', 'impossible time'],
    ['[13:00 PM] <bob> x', 'impossible time'],
    ['2004-02-30 09:14 <bob> x', 'impossible time'],
    ['--- Day changed Foo Bar 99 2004', 'impossible time'],
    ['[09:14] <> x', 'bad nick'],
    ['[09:14] <a>b> x', 'unknown shape'],
    ['[09:14) <bob> x', 'unknown shape'],
    ['[09:14] bob: x', 'unknown shape'],
    ['bob entered the room', 'unknown shape'],
    ['plain text', 'unknown shape'],
  ])('does not guess what %j is', (line, reason) => {
    const { content, grammar } = parseLine(line);
    expect(content).toEqual(other(reason));
    expect(grammar).toBeUndefined();
  });

  it('keeps the time of a line that it does not understand', () => {
    expect(parseLine('[09:14]  * bob waves').time).toEqual({ seconds: 9 * 3600 + 14 * 60 });
  });

  it('takes blank lines for what they are', () => {
    expect(parseLine('').content).toEqual({ kind: 'blank' });
    expect(parseLine(' \t ').content).toEqual({ kind: 'blank' });
  });

  it('reads any message back exactly, whatever its text', () => {
    const nicks = fc.stringMatching(/^[A-Za-z_`|^[\]{}\\-][A-Za-z0-9_`|^[\]{}\\-]{0,15}$/);
    // A line has no line ends and no NUL; everything else may be in it.
    const texts = fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[\n\0]/g, ''));
    const times = fc.tuple(fc.nat({ max: 23 }), fc.nat({ max: 59 }));
    fc.assert(
      fc.property(times, nicks, texts, ([hour, minute], nick, text) => {
        const two = (number: number) => String(number).padStart(2, '0');
        const parsed = parseLine(`[${two(hour)}:${two(minute)}] <${nick}> ${text}`);
        expect(parsed.content).toEqual(message(nick, text));
        expect(parsed.time).toEqual({ seconds: hour * 3600 + minute * 60 });
      }),
    );
  });

  it('answers to every text, quickly', () => {
    const pieces = fc.constantFrom(
      ...['===', '[', ']', '(', ')', '<', '>', '*', '***', '-!-', '-->', '[09:14]', 'has joined'],
      ...[
        '#x',
        '@',
        ' ',
        '\t',
        'is now known as',
        'has left',
        'bob',
        '2004-12-25',
        '9:14',
        'Joins:',
      ],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        expect(parseLine(parts.join('')).content.kind).toBeDefined();
        expect(parseLine(parts.join(' ')).content.kind).toBeDefined();
      }),
    );
    const nasty = ['=== ', '[09:14] *** ', '09:14 -!- '].map((head) => head + '[a@ '.repeat(480));
    const before = process.cpuUsage();
    for (const line of nasty) parseLine(line);
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
  });
});
