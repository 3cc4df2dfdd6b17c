import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { type PrivateKafka, privateKafka, randomName, waitFor } from '@nova/testkit';
import { Kafka as Driver } from 'kafkajs';
import { type Kafka, openKafka } from './open-kafka.ts';
import type { KafkaPublisher } from './publisher.ts';
import type { OpenKafkaSource, StartOffset } from './seam.ts';

const MEMBER = fileURLToPath(new URL('../fixtures/member.ts', import.meta.url));

let broker: PrivateKafka;
let kafka: Kafka;
let publisher: KafkaPublisher;
const opened: OpenKafkaSource[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  broker = await privateKafka();
  kafka = openKafka({ brokers: broker.brokers, clientId: 'spec', logger: silentLogger });
  publisher = kafka.publisher();
}, 60_000);
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(opened.splice(0).map((source) => source.stop()));
});
afterAll(async () => {
  await publisher.stop();
  await kafka.admin().close();
  await broker.remove();
});

async function newTopic(): Promise<string> {
  const topic = randomName('nova_events_f');
  await kafka.admin().ensureTopics([{ topic, partitions: 1 }]);
  return topic;
}

/** Records whose keys are their numbers, sent again until they are taken. */
async function publish(topic: string, from: number, count: number) {
  const records = Array.from({ length: count }, (_, index) => ({
    key: String(from + index),
    value: Buffer.from('{}'),
    headers: {},
  }));
  await waitFor(
    () =>
      publisher.publish({ topic, partition: 0, records }).then(
        () => true,
        () => false,
      ),
    { withinMs: 30_000, what: 'the acknowledgement' },
  );
}

/** A member that remembers where it is, as a view would. */
async function openMember(topic: string, groupId: string, next: StartOffset = 'beginning') {
  const keys: number[] = [];
  let position = next;
  const source = await kafka.source().open({
    groupId,
    topics: [topic],
    startAt: () => Promise.resolve(new Map([[`${topic}:0`, position]])),
    deliver: ({ records }) => {
      keys.push(...records.map(({ key }) => Number(key)));
      position = (records.at(-1)?.offset ?? 0n) + 1n;
      return Promise.resolve();
    },
    revoked: () => {},
  });
  opened.push(source);
  return { source, keys };
}

/** A member in a process of its own; says a line per batch and takes commits on its stdin. */
function spawnMember(topic: string, groupId: string) {
  const child = spawn(process.execPath, [MEMBER, broker.brokers.join(','), groupId, topic], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => void lines.push(line));
  return { child, lines };
}

async function committedOf(groupId: string, topic: string): Promise<string | undefined> {
  const admin = new Driver({ brokers: [...broker.brokers], clientId: 'spec', logLevel: 0 }).admin();
  await admin.connect();
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  await admin.disconnect();
  return found?.partitions[0]?.offset;
}

const until = <T>(what: string, condition: () => T | Promise<T>, withinMs = 40_000) =>
  waitFor(condition, { withinMs, what });
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a member of a group', () => {
  it('says so when the broker is gone, and goes on where it was once it is back', async () => {
    const topic = await newTopic();
    const { source, keys } = await openMember(topic, randomName('nova.spec'));
    await publish(topic, 0, 10);
    await until('the first records', () => keys.length === 10);
    await broker.kill();
    await until('the trouble', () => source.trouble() !== undefined, 8000);
    await broker.restart();
    await publish(topic, 10, 10);
    await until('the later records', () => new Set(keys).size === 20);
    expect(source.trouble()).toBeUndefined();
    expect([...new Set(keys)]).toEqual(upTo(20));
  }, 90_000);

  it('goes on after the broker was paused for longer than the session', async () => {
    const topic = await newTopic();
    const { source, keys } = await openMember(topic, randomName('nova.spec'));
    await publish(topic, 0, 5);
    await until('the first records', () => keys.length === 5);
    broker.pause();
    await until('the trouble', () => source.trouble() !== undefined, 8000);
    const since = performance.now();
    await until('the session timeout', () => performance.now() - since > 5000);
    broker.resume();
    await publish(topic, 5, 5);
    await until('the later records', () => new Set(keys).size === 10);
    await until('an end of the trouble', () => source.trouble() === undefined);
    expect([...new Set(keys)]).toEqual(upTo(10));
  }, 90_000);

  it('stops in time while the broker does not answer', async () => {
    const topic = await newTopic();
    const { source, keys } = await openMember(topic, randomName('nova.spec'));
    await publish(topic, 0, 1);
    await until('the first record', () => keys.length === 1);
    broker.pause();
    const since = performance.now();
    await source.stop();
    expect(performance.now() - since).toBeLessThan(8500);
    broker.resume();
  }, 60_000);

  it('is replaced when its process stands still, and harms nothing when it wakes up', async () => {
    const topic = await newTopic();
    const groupId = randomName('nova.spec');
    const zombie = spawnMember(topic, groupId);
    await publish(topic, 0, 5);
    await until('the first records', () => zombie.lines.includes('batch 1 0-4'));
    zombie.child.kill('SIGSTOP');
    const { source, keys } = await openMember(topic, groupId);
    await until('the takeover', () => keys.length === 5);
    await publish(topic, 5, 5);
    await until('the later records', () => keys.length === 10);
    source.commit(new Map([[`${topic}:0`, 10n]]));
    await until('the commit', async () => (await committedOf(groupId, topic)) === '10');
    // It wakes up believing that the partition is its own, and commits at once.
    zombie.child.stdin.write('commit 2\n');
    zombie.child.kill('SIGCONT');
    await until('its revocation', () => zombie.lines.includes('revoked'));
    await publish(topic, 10, 5);
    await until('all records at one of the two', () => {
      const known = new Set(keys);
      for (const line of zombie.lines) {
        const [, from, to] = /^batch \d+ (\d+)-(\d+)$/.exec(line) ?? [];
        for (let key = Number(from); key <= Number(to); key += 1) known.add(key);
      }
      return known.size === 15;
    });
    expect(zombie.lines).toContain('committed 2');
    expect(await committedOf(groupId, topic)).toBe('10');
    expect(source.trouble()).toBeUndefined();
  }, 90_000);
});
