import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import {
  losingProxy,
  type PrivateRedis,
  privateRedis,
  randomName,
  stopwatch,
  waitFor,
} from '@nova/testkit';
import { Redis as PlainClient } from 'ioredis';
import { callerRates } from './caller-rates.ts';
import { openRedis, type Redis } from './open-redis.ts';
import { redisScript } from './script.ts';

const count = redisScript('count', "return redis.call('INCR', KEYS[1])");
const TIMEOUT_MS = 150;
const LONG_TIMEOUT_MS = 5000;

let server: PrivateRedis;
let redis: Redis;
/** For what Redis does, where the time it takes is not the subject. */
let patient: Redis;
const open = (url: string, timeoutMs = TIMEOUT_MS): Redis =>
  openRedis({ url, timeoutMs, clientName: 'spec', logger: silentLogger });
const connected = (client: Redis) =>
  waitFor(() => client.ping().then(() => true), { withinMs: 10_000, what: 'Redis' });

beforeAll(async () => {
  server = await privateRedis();
  redis = open(server.url);
  patient = open(server.url, LONG_TIMEOUT_MS);
  await Promise.all([connected(redis), connected(patient)]);
}, 60_000);

afterAll(async () => {
  redis.close();
  patient.close();
  await server.remove();
});

/** A way to Redis on which the answer to each command that is expected is lost once. */
async function losing(): Promise<{ url: string; loseNextAnswer(): void; close(): void }> {
  let isDue = false;
  const proxy = await losingProxy(Number(new URL(server.url).port), (request) => {
    const shallLose = isDue && request.includes('counted');
    if (shallLose) isDue = false;
    return shallLose;
  });
  return {
    url: `redis://127.0.0.1:${proxy.port}`,
    loseNextAnswer() {
      isDue = true;
    },
    close: () => proxy.close(),
  };
}

describe('a command whose answer is lost', () => {
  const key = randomName('counted');

  it('is carried out twice by the plain client', async () => {
    const between = await losing();
    const plain = new PlainClient(between.url);
    await plain.ping();
    between.loseNextAnswer();
    await plain.incr(`${key}:plain`);
    expect(await plain.get(`${key}:plain`)).toBe('2');
    plain.disconnect();
    between.close();
  }, 20_000);

  it('is sent once through this lib, rejected in bounded time, and the next one works', async () => {
    const between = await losing();
    const client = open(between.url, LONG_TIMEOUT_MS);
    await connected(client);
    // Known to the server, so that nothing but the command itself is answered.
    await client.run(count, [`${key}:warm`], []);
    for (let lost = 1; lost <= 20; lost += 1) {
      between.loseNextAnswer();
      await expect(client.run(count, [`${key}:own`], [])).rejects.toMatchObject({
        code: expect.stringMatching(/^NOVA_REDIS_(UNAVAILABLE|TIMEOUT)$/),
      });
      await connected(client);
    }
    expect(await client.run(count, [`${key}:own`], [])).toBe(21);
    client.close();
    between.close();
  }, 20_000);
});

describe('openRedis', () => {
  it('rejects at once while there is no Redis, and works once there is one', async () => {
    await server.kill();
    await waitFor(
      () =>
        redis.ping().then(
          () => false,
          () => true,
        ),
      { withinMs: 5000, what: 'Redis to be away' },
    );
    const watch = stopwatch();
    await expect(redis.run(count, ['k'], [])).rejects.toMatchObject({
      code: 'NOVA_REDIS_UNAVAILABLE',
    });
    expect(watch.ms()).toBeLessThan(TIMEOUT_MS);
    await server.restart();
    await Promise.all([connected(redis), connected(patient)]);
    // It has forgotten the script, too.
    expect(await patient.run(count, [randomName('k')], [])).toBe(1);
  }, 30_000);

  it('gives up on a paused Redis in time, again and again, and finds it when it goes on', async () => {
    server.pause();
    for (let turn = 0; turn < 5; turn += 1) {
      const watch = stopwatch();
      await expect(redis.run(count, ['paused'], [])).rejects.toMatchObject({
        kind: { status: 'UNAVAILABLE' },
      });
      expect(watch.ms()).toBeLessThan(TIMEOUT_MS + 500);
    }
    server.resume();
    await connected(redis);
    const times = await patient.run(count, ['paused'], []);
    // The five that nobody waited for were carried out once at most.
    expect(times).toBeLessThanOrEqual(6);
  }, 30_000);

  it('tells what Redis refuses, and goes on', async () => {
    const wrong = redisScript('wrong', "return redis.call('INCR', KEYS[1], 'too', 'many')");
    await expect(patient.run(wrong, ['k'], [])).rejects.toMatchObject({
      code: 'NOVA_REDIS_REFUSED',
      message: expect.stringMatching(/^Redis refused wrong: /),
    });
    await patient.ping();
  });

  it('settles what is in flight when it is closed', async () => {
    const client = open(server.url);
    await connected(client);
    server.pause();
    const asked = client.ping();
    client.close();
    await expect(asked).rejects.toMatchObject({ kind: { status: 'UNAVAILABLE' } });
    server.resume();
  });
});

describe('callerRates', () => {
  const options = { service: randomName('service'), perSecond: 2, burst: 5 };

  it('counts the calls of a caller for all instances together, and of each caller apart', async () => {
    const instances = [0, 1].map(() => callerRates(patient, options));
    const answers: number[] = [];
    for (let call = 0; call < 8; call += 1) {
      for (const rates of instances) answers.push(await rates.take('one'));
    }
    const passed = answers.filter((ms) => ms === 0).length;
    // Some more on a machine that takes seconds for this.
    expect(passed).toBeGreaterThanOrEqual(5);
    expect(passed).toBeLessThan(answers.length);
    expect(Math.max(...answers)).toBeLessThanOrEqual(500);
    expect(await instances[0]?.take('another')).toBe(0);
  });

  it('says in time that it cannot, while Redis is paused', async () => {
    server.pause();
    const watch = stopwatch();
    await expect(callerRates(redis, options).take('one')).rejects.toMatchObject({
      kind: { status: 'UNAVAILABLE' },
    });
    expect(watch.ms()).toBeLessThan(TIMEOUT_MS + 500);
    server.resume();
    await connected(redis);
  }, 20_000);
});
