import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { isNovaError } from '@nova/errors';
import { silentLogger } from '@nova/telemetry';
import { KeyCache } from './identity-key-cache.ts';
import { keySource } from './identity-key-source.ts';
import { parseKeySet } from './identity-keys.ts';
import { jwksOf, testKey } from './testing/tokens.ts';

const ALL = ['ES256', 'RS256', 'EdDSA'];
const first = testKey('ES256', 'first');
const second = testKey('EdDSA', 'second');

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A cache over what `answers` gives, one after the other, the last for ever. */
async function cacheOver(...answers: (string | Error)[]) {
  let nowMs = 1_000_000;
  let loads = 0;
  const cache = new KeyCache({
    from: 'spec',
    load: async () => {
      const answer = answers[Math.min(loads, answers.length - 1)] ?? new Error('nothing');
      loads += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    algorithms: ALL,
    refreshMs: 3_600_000,
    clock: { now: () => new Date(), monotonicMs: () => nowMs },
    logger: silentLogger,
  });
  stops.push(() => cache.part.stop());
  await cache.part.start();
  const health = async () => {
    const failing: string[] = [];
    for (const { name, check, whenFailing } of cache.probes) {
      await check().catch(() => failing.push(`${name} ${whenFailing}`));
    }
    return failing;
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { cache, health, loads: () => loads, pass };
}

const statusOf = (thrown: unknown) => (isNovaError(thrown) ? thrown.kind.status : String(thrown));

describe('the keys of an issuer', () => {
  it('are looked at again when a token names a new one, but not for each made-up name', async () => {
    const { cache, loads, pass } = await cacheOver(jwksOf(first), jwksOf(first, second));
    expect(await cache.find('second')).toMatchObject({ algorithm: 'EdDSA' });
    expect(loads()).toBe(2);
    await Promise.all(['a', 'b', 'c'].map((made) => cache.find(made)));
    expect(loads()).toBe(2);
    pass(10_001);
    expect(await Promise.all(['a', 'b', 'c'].map((made) => cache.find(made)))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(loads()).toBe(3);
  });

  it('that were withdrawn are not used any longer', async () => {
    const { cache, pass } = await cacheOver(jwksOf(first), jwksOf(second));
    expect(await cache.find('first')).toBeDefined();
    await cache.find('second');
    pass(10_001);
    expect(await cache.find('first')).toBeUndefined();
  });

  it('go on being used while they cannot be had, which is told', async () => {
    const { cache, health } = await cacheOver(jwksOf(first), new Error('away'));
    expect(await health()).toEqual([]);
    // Unknown whether there is such a key: not the caller's fault.
    expect(statusOf(await cache.find('second').catch((thrown: unknown) => thrown))).toBe(
      'UNAVAILABLE',
    );
    expect(await cache.find('first')).toBeDefined();
    expect(await health()).toEqual(['identity source degraded']);
  });

  it('that were never had make callers UNAVAILABLE and the process not ready', async () => {
    const { cache, health, pass } = await cacheOver(
      new Error('away'),
      '{"keys":[]}',
      jwksOf(first),
    );
    const find = () => cache.find('first').catch(statusOf);
    expect(await health()).toEqual(['identity keys down', 'identity source degraded']);
    expect(await find()).toBe('UNAVAILABLE');
    pass(10_001);
    expect(await find()).toMatchObject({ algorithm: 'ES256' });
    expect(await health()).toEqual([]);
  });
});

describe('a JWKS', () => {
  it('with a private or a symmetric key is not used at all', async () => {
    const secret = JSON.stringify({
      keys: [{ ...first.privateKey.export({ format: 'jwk' }), kid: 'p' }],
    });
    await expect(parseKeySet(secret, ALL)).rejects.toThrow('is secret');
    const symmetric = JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 's' }] });
    await expect(parseKeySet(symmetric, ALL)).rejects.toThrow('is secret');
  });

  it('is used without the keys that cannot be, which are told', async () => {
    const listed = (key: ReturnType<typeof testKey>, more: object) => ({
      ...key.publicKey.export({ format: 'jwk' }),
      ...more,
    });
    const text = JSON.stringify({
      keys: [
        listed(first, { kid: 'good' }),
        listed(first, {}),
        listed(second, { kid: 'good' }),
        listed(first, { kid: 'for encryption', use: 'enc' }),
        listed(first, { kid: 'wrong kind', alg: 'RS256' }),
        listed(testKey('RS256', 'x', 1024), { kid: 'short', alg: 'RS256' }),
        listed(first, { kid: 'off the curve', x: 'AAAA' }),
        { kid: 'nothing' },
      ],
    });
    const { keys, unusable } = await parseKeySet(text, ALL);
    expect([...keys.keys()]).toEqual(['good']);
    expect(unusable).toHaveLength(7);
  });

  it.each(['', '{', '[]', '{"keys":{}}', '{"keys":[]}', '{"keys":[null]}'])(
    'cannot be %j',
    async (text) => {
      await expect(parseKeySet(text, ALL)).rejects.toThrow();
    },
  );
});

describe('keys from an address', () => {
  async function served(answer: (server: Server) => void): Promise<string> {
    const server = createServer();
    answer(server);
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    stops.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  }
  const load = (authJwksUrl: string) =>
    keySource({ authJwksFile: undefined, authJwksUrl })?.load() ?? Promise.resolve('');

  it('are what it answers', async () => {
    const url = await served((server) =>
      server.on('request', (_, response) => response.end(jwksOf(first))),
    );
    expect((await parseKeySet(await load(url), ALL)).keys.size).toBe(1);
  });

  it('are none where it fails, leads elsewhere or does not end', async () => {
    const good = await served((server) =>
      server.on('request', (_, response) => response.end(jwksOf(first))),
    );
    const answers: ((response: ServerResponse) => unknown)[] = [
      (response) => response.writeHead(503).end('{"keys":[]}'),
      (response) => response.writeHead(302, { location: good }).end(),
      (response) => response.end('x'.repeat(300_000)),
      (response) => response.destroy(),
    ];
    for (const answer of answers) {
      const url = await served((server) => server.on('request', (_, response) => answer(response)));
      await expect(load(url)).rejects.toThrow();
    }
    await expect(load('http://127.0.0.1:9/jwks')).rejects.toThrow();
  });
});
