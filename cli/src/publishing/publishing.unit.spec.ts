import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parseCondition } from './condition-text.ts';
import { parsePairs } from './pairs.ts';
import { readPayload } from './payload-source.ts';

async function* stdin(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

describe('readPayload', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-payload-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('takes JSON as text, from a file and from standard input', async () => {
    const file = join(folder, 'payload.json');
    writeFileSync(file, '{"username":"Zoë"}');
    expect(await readPayload('{"a":[1]}', stdin())).toEqual({ a: [1] });
    expect(await readPayload(`@${file}`, stdin())).toEqual({ username: 'Zoë' });
    // A character may be cut in two by the chunks.
    const bytes = Buffer.from('{"username":"Zoë"}');
    const cut = bytes.length - 3;
    expect(await readPayload('-', stdin(bytes.subarray(0, cut), bytes.subarray(cut)))).toEqual({
      username: 'Zoë',
    });
  });

  it.each([
    ['{', 'the payload is not JSON'],
    ['[]', 'must be a JSON object'],
    ['null', 'must be a JSON object'],
    ['"text"', 'must be a JSON object'],
    ['@/nowhere/at/all.json', 'cannot be read'],
  ])('refuses %s', async (given, problem) => {
    await expect(readPayload(given, stdin())).rejects.toThrow(problem);
  });

  it('refuses bytes that are not UTF-8 instead of changing them', async () => {
    const latin1 = Buffer.from('{"username":"Zo\xeb"}', 'latin1');
    await expect(readPayload('-', stdin(latin1))).rejects.toThrow('not valid UTF-8');
  });
});

describe('parseCondition', () => {
  it('reads the four kinds', () => {
    expect(parseCondition('not_exist').must).toEqual({ case: 'notExist', value: true });
    expect(parseCondition('exist').must).toEqual({ case: 'exist', value: true });
    expect(parseCondition('version=12').must).toEqual({ case: 'version', value: 12n });
    expect(parseCondition('none_since=3:user_created,user_deleted').must).toEqual({
      case: 'noneSince',
      value: { version: 3n, eventTypes: ['user_created', 'user_deleted'] },
    });
  });

  it.each(['', 'version', 'version=', 'version=-1', 'none_since=3', 'none_since=3:', 'any'])(
    'refuses %j',
    (text) => {
      expect(() => parseCondition(text)).toThrow('--condition must be one of');
    },
  );
});

describe('parsePairs', () => {
  it('reads pairs, values with equals signs and empty values included', () => {
    expect(parsePairs('--metadata', ['a=1', 'b=x=y', 'c='])).toEqual({ a: '1', b: 'x=y', c: '' });
    expect(parsePairs('--metadata', [])).toEqual({});
  });

  it('refuses what is no pair, and a key that is given twice', () => {
    expect(() => parsePairs('--metadata', ['a'])).toThrow('key=value');
    expect(() => parsePairs('--metadata', ['=a'])).toThrow('key=value');
    expect(() => parsePairs('--metadata', ['a=1', 'a=2'])).toThrow('given twice');
  });
});
