/**
 * What the two Kafka drivers cost: records per second and CPU of publishing as the relay does it
 * (48 partitions side by side, one send in work each), of reading them as a member of a group, and
 * of a member that has nothing to read.
 *
 *   ./nova up --detach && node bench/kafka-drivers.bench.ts [seconds]
 *
 * Each driver in a process of its own, one after the other, twice.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { type KafkaBatch, openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { driver: { type: 'string' }, brokers: { type: 'string', default: 'localhost:9092' } },
});
const seconds = Number(positionals[0] ?? 10);
const TOPICS = 6;
const PARTITIONS = 8;
const WINDOWS = [200, 2000, 10_000];

interface Cost {
  readonly perSecond: number;
  /** CPU seconds of this process for a million records. */
  readonly cpu: number;
}

async function costOf(work: () => Promise<number>): Promise<Cost> {
  const [since, cpuSince] = [performance.now(), process.cpuUsage()];
  const records = await work();
  const { user, system } = process.cpuUsage(cpuSince);
  const elapsed = (performance.now() - since) / 1000;
  return { perSecond: records / elapsed, cpu: (user + system) / records };
}

function windowOf(topics: readonly string[], size: number): KafkaBatch[] {
  const names = Array.from({ length: 12 }, (_, index) => `ce_header_${index}`);
  const headers = Object.fromEntries(names.map((name) => [name, 'a value of some length']));
  const value = Buffer.alloc(400, 97);
  const each = Math.max(1, Math.round(size / topics.length / PARTITIONS));
  const records = Array.from({ length: each }, (_, index) => ({
    key: `k${index}`,
    value,
    headers,
  }));
  return topics.flatMap((topic) =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, records })),
  );
}

async function measure(driver: 'kafkajs' | 'platformatic', brokers: readonly string[]) {
  const kafka = openKafka({ brokers, clientId: 'bench', logger: silentLogger, driver });
  const run = Date.now().toString(36);
  const topics = Array.from({ length: TOPICS }, (_, index) => `bench_${driver}_${run}_${index}`);
  await kafka.admin().ensureTopics(topics.map((topic) => ({ topic, partitions: PARTITIONS })));
  const publisher = kafka.publisher();
  const result: Record<string, Cost> = {};
  let published = 0;
  for (const size of WINDOWS) {
    const batches = windowOf(topics, size);
    const records = batches.reduce((sum, batch) => sum + batch.records.length, 0);
    await Promise.all(batches.map((batch) => publisher.publish(batch)));
    published += records;
    result[`publish, windows of ${size}`] = await costOf(async () => {
      const until = performance.now() + (seconds * 1000) / WINDOWS.length;
      let sent = 0;
      for (; performance.now() < until; sent += records) {
        await Promise.all(batches.map((batch) => publisher.publish(batch)));
      }
      published += sent;
      return sent;
    });
  }
  await publisher.stop();
  let read = 0;
  const all = Promise.withResolvers<void>();
  const source = await kafka.source().open({
    groupId: `bench-${driver}-${run}`,
    topics,
    startAt: () => Promise.resolve(new Map()),
    deliver: ({ records }) => {
      read += records.length;
      if (read >= published) all.resolve();
      return Promise.resolve();
    },
    revoked: () => {},
  });
  result['read'] = await costOf(() => all.promise.then(() => read));
  await sleep(1000);
  const cpuSince = process.cpuUsage();
  await sleep(seconds * 1000);
  const { user, system } = process.cpuUsage(cpuSince);
  const idleMs = (user + system) / 1000 / seconds;
  await source.stop();
  await kafka.admin().close();
  const memoryMb = process.resourceUsage().maxRSS / 1024;
  return { ...result, idleMs, memoryMb };
}

if (values.driver === 'kafkajs' || values.driver === 'platformatic') {
  process.send?.(await measure(values.driver, values.brokers.split(',')));
} else {
  for (const driver of ['kafkajs', 'platformatic', 'kafkajs', 'platformatic']) {
    const words = ['--driver', driver, '--brokers', values.brokers, String(seconds)];
    const child = fork(import.meta.filename, words);
    // once() tells its arguments as any.
    const message: readonly unknown[] = await once(child, 'message');
    process.stdout.write(`${driver} ${JSON.stringify(message[0], rounded)}\n`);
    child.disconnect();
    await once(child, 'exit');
  }
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value;
}
