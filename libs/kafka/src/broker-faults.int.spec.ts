import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { type PrivateKafka, privateKafka, randomName, stopwatch } from '@nova/testkit';
import { withDeadline } from '@nova/time';
import { Kafka as Kafkajs } from 'kafkajs';
import { errors } from './errors.ts';
import { openKafka } from './open-kafka.ts';
import type { OpenKafkaSource } from './seam.ts';
import { type DriverRig, rigs, until, upTo } from './testing/each-driver.rig.spec.ts';
import { keepSendingAtOnce, plainSender, reordered } from './testing/plain-sends.rig.spec.ts';

const MEMBER = fileURLToPath(new URL('../fixtures/member.ts', import.meta.url));
const SESSION_MS = 6000;

let broker: PrivateKafka;
const { begin, each, stopMembers, close } = rigs();
const children: ChildProcess[] = [];

beforeAll(async () => {
  broker = await privateKafka();
  begin({ brokers: broker.brokers, sendDeadlineMs: 1500, connectDeadlineMs: 3000 });
}, 60_000);
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await stopMembers();
});
afterAll(async () => {
  broker.resume();
  await close();
  await broker.remove();
});

/** Sends again, from the same place, until it is taken: as the relay does. */
async function publish(rig: DriverRig, topic: string, from: number, count: number) {
  let rejections = 0;
  await until(
    'the acknowledgement',
    () =>
      rig.publish(topic, 0, from, count).then(
        () => true,
        () => {
          rejections += 1;
          return false;
        },
      ),
    40_000,
  );
  return rejections;
}

const firstOccurrences = (numbers: readonly number[]) => [...new Set(numbers)];

/** A member in a process of its own; says a line per batch and takes commits on its stdin. */
function spawnMember({ driver }: DriverRig, topic: string, groupId: string) {
  const words = [MEMBER, driver, broker.brokers.join(','), groupId, topic];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => void lines.push(line));
  return { child, lines };
}

async function committedOf(groupId: string, topic: string): Promise<string | undefined> {
  const kafka = new Kafkajs({ brokers: [...broker.brokers], clientId: 'spec', logLevel: 0 });
  const admin = kafka.admin();
  await admin.connect();
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  await admin.disconnect();
  return found?.partitions[0]?.offset;
}

describe('a broker that is killed', () => {
  each(
    'loses and reorders nothing; all go on where they were once it is back',
    async (rig) => {
      const admin = rig.kafka.admin();
      const topic = await rig.newTopic(1);
      const member = await rig.openMember([topic]);
      await publish(rig, topic, 0, 20);
      await until('the first records', () => member.keys().length === 20);
      let isKilled = false;
      const sending = (async () => {
        let batch = 1;
        for (; !isKilled || batch < 40; batch += 1) await publish(rig, topic, batch * 20, 20);
        return batch * 20;
      })();
      await rig.meet(() => broker.kill());
      isKilled = true;
      await expect(admin.ping(1500)).rejects.toMatchObject({ kind: errors.KAFKA_UNAVAILABLE });
      await until('the trouble', () => member.source.trouble() !== undefined, 8000);
      await rig.meet(() => broker.restart());
      const count = await sending;
      await until('the later records', () => new Set(member.keys()).size === count, 40_000);
      expect(firstOccurrences(member.keys())).toEqual(upTo(count));
      await endOfTrouble(member.source);
      await until('a ping', () => admin.ping().then(() => true));
    },
    120_000,
  );

  each(
    'makes a plain client reorder sends of one partition that do not wait for each other',
    async (rig) => {
      const topic = await rig.newTopic(1);
      const sender = await plainSender(rig.driver, broker.brokers, topic, [0]);
      const sending = keepSendingAtOnce(sender);
      await rig.meet(() => broker.kill());
      await rig.meet(() => broker.restart());
      const begun = sending.begun();
      await until('later ones to be taken', () => sending.acknowledged() > begun + 20, 40_000);
      const sent = await sending.stop();
      // @platformatic/kafka loses some of them, too, in most runs.
      expect(reordered(sent, await rig.numbersIn(topic, 0))).not.toEqual([]);
      await sender.close();
    },
    120_000,
  );
});

/** Says what the trouble is when it does not end. */
function endOfTrouble(source: OpenKafkaSource): Promise<boolean> {
  return until('an end of the trouble', () => {
    expect(source.trouble()).toBeUndefined();
    return true;
  });
}

describe('a broker that stands still', () => {
  each(
    'is noticed by all in time, and all go on once it answers again',
    async (rig) => {
      const admin = rig.kafka.admin();
      const topic = await rig.newTopic(1);
      const [member, leaving] = [await rig.openMember([topic]), await rig.openMember([topic])];
      await publish(rig, topic, 0, 5);
      await until('the first records', () => member.keys().length + leaving.keys().length === 10);
      await rig.meet(() => broker.pause());
      const pausedAt = performance.now();
      const took = async (work: () => Promise<unknown>) => {
        const watch = stopwatch();
        await work();
        return watch.ms();
      };
      const refused = (work: Promise<unknown>) => () =>
        expect(work).rejects.toMatchObject({ kind: errors.KAFKA_UNAVAILABLE });
      const [sendMs, pingMs, stopMs] = await Promise.all([
        took(refused(rig.publish(topic, 0, 5, 1))),
        took(refused(admin.ping(700))),
        took(() => leaving.source.stop()),
      ]);
      expect(sendMs).toBeLessThan(5000);
      expect(pingMs).toBeLessThan(3000);
      expect(stopMs).toBeLessThan(8500);
      await until('the trouble', () => member.source.trouble() !== undefined, 8000);
      await until('the end of the session', () => performance.now() - pausedAt > SESSION_MS + 500);
      await rig.meet(() => broker.resume());
      // By a new producer, and the same records again: none is lost.
      await publish(rig, topic, 5, 5);
      await until('the later records', () => new Set(member.keys()).size === 10, 40_000);
      expect(firstOccurrences(member.keys())).toEqual(upTo(10));
      await endOfTrouble(member.source);
      await until('a ping', () => admin.ping().then(() => true));
    },
    120_000,
  );
});

describe('a client without the seam', () => {
  each(
    'waits for as long as its broker stands still, for a send has no end of its own',
    async (rig) => {
      const sender = await plainSender(rig.driver, broker.brokers, await rig.newTopic(1), [0]);
      await rig.meet(() => broker.pause());
      const sent = sender.send(1);
      // Far beyond the 1.5 s after which the seam gives up.
      const given = withDeadline(sent, SESSION_MS, 'the send');
      await expect(given).rejects.toThrow('did not finish');
      await rig.meet(() => broker.resume());
      await sent.catch(() => {});
      await sender.close();
    },
    120_000,
  );
});

describe('a member that stands still', () => {
  each(
    'is replaced, and harms nothing when it wakes up',
    async (rig) => {
      const topic = await rig.newTopic(1);
      const groupId = randomName('nova.spec');
      const zombie = spawnMember(rig, topic, groupId);
      await publish(rig, topic, 0, 5);
      await until('the first records', () => zombie.lines.includes('batch 1 0-4'));
      zombie.child.kill('SIGSTOP');
      const { source, keys } = await rig.openMember([topic], { groupId });
      await until('the takeover', () => keys().length === 5, 40_000);
      await publish(rig, topic, 5, 5);
      await until('the later records', () => keys().length === 10);
      source.commit(new Map([[`${topic}:0`, 10n]]));
      await until('the commit', async () => (await committedOf(groupId, topic)) === '10');
      // It wakes up believing that the partition is its own, and commits at once.
      zombie.child.stdin?.write('commit 2\n');
      zombie.child.kill('SIGCONT');
      await until('its revocation', () => zombie.lines.includes('revoked'));
      await publish(rig, topic, 10, 5);
      await until('all records at one of the two', () => {
        const known = new Set(keys());
        for (const line of zombie.lines) {
          const [, from, to] = /^batch \d+ (\d+)-(\d+)$/.exec(line) ?? [];
          for (let key = Number(from); key <= Number(to); key += 1) known.add(key);
        }
        return known.size === 15;
      });
      expect(zombie.lines).toContain('committed 2');
      expect(await committedOf(groupId, topic)).toBe('10');
      await until('an end of the trouble', () => source.trouble() === undefined);
    },
    90_000,
  );
});

describe('a process that is stopped while its broker is away', () => {
  each('ends in time, publisher, admin and member', async ({ driver }) => {
    const kafka = openKafka({
      // Nobody listens there.
      brokers: ['127.0.0.1:1'],
      clientId: 'nobody',
      logger: silentLogger,
      driver,
    });
    const publisher = kafka.publisher();
    await publisher.start();
    const source = await kafka.source().open({
      groupId: 'nova.nobody',
      topics: ['nova_events_nothing'],
      startAt: () => Promise.resolve(new Map()),
      deliver: () => Promise.resolve(),
      revoked: () => {},
    });
    await until('the trouble', () => source.trouble()?.includes('127.0.0.1:1') === true);
    const watch = stopwatch();
    await Promise.all([publisher.stop(), source.stop(), kafka.admin().close()]);
    expect(watch.ms()).toBeLessThan(8500);
  });
});
