/**
 * How long an event takes from the call of PublishEvent until a consumer that shares no code with
 * nova (kcat) has its record; and, in the same run, how long a record takes that the same Kafka
 * client sends from memory, to the same consumer. The ratio is what the log and the relay cost.
 *
 *   ./nova up --detach && node bench/publish-latency.bench.ts [events per second] [seconds]
 *
 * The load is open: each event has its time, whether the ones before it are answered or not.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { openKafka } from '@nova/kafka';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { createClient } from '@nova/rpc';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import { atRate, quantiles, quantilesText, type Times } from './watch.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    address: { type: 'string', default: 'localhost:50051' },
    brokers: { type: 'string', default: 'localhost:9092' },
  },
});
const rate = Number(positionals[0] ?? 200);
const seconds = Number(positionals[1] ?? 60);
const TOPIC = 'nova_events_message_created';
/** Made for this run's comparison; no nova topic, so that nothing takes its records for foreign. */
const BARE_TOPIC = 'bench_bare';

/** Notes when each record is seen, by its `content`. */
function watch(topic: string, seen: Times): ChildProcess {
  const reader = spawn(
    'kcat',
    [
      '-C',
      '-q',
      '-u',
      '-b',
      values.brokers,
      '-t',
      topic,
      '-o',
      'end',
      '-X',
      'fetch.wait.max.ms=10',
      '-f',
      '%s\n',
    ],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  createInterface({ input: reader.stdout }).on('line', (line) => {
    const content = /"content":"([^"]*)"/.exec(line)?.[1];
    if (content !== undefined) seen.set(content, performance.now());
  });
  return reader;
}

/** Sends warm-up events until the reader sees them, so that the first counted one meets it ready. */
async function warmUp(seen: Times, send: (content: string) => Promise<unknown>): Promise<void> {
  for (let n = 0; n < 600 && seen.size === 0; n += 1) {
    await send(`warm-up-${n}`);
    await sleep(100);
  }
  await sleep(500);
  seen.clear();
}

async function untilSeen(started: Times, seen: Times): Promise<void> {
  for (let waited = 0; waited < 10_000 && seen.size < started.size; waited += 50) await sleep(50);
}

async function nova(count: number) {
  const client = createClient(EventsService, { address: values.address, deadlineMs: 10_000 });
  const started: Times = new Map();
  const answered: Times = new Map();
  const seen: Times = new Map();
  const reader = watch(TOPIC, seen);
  const conversations = Array.from({ length: 50 }, () => randomUUID());
  const publish = (aggregateId: string, content: string) =>
    client.publishEvent({
      eventType: 'message_created',
      aggregateId,
      payload: { message_id: randomUUID(), sender_id: randomUUID(), content },
    });
  await warmUp(seen, (content) => publish(randomUUID(), content));
  const run = randomUUID().slice(0, 8);
  await atRate(rate, count, async (n) => {
    const content = `${run}-${n}`;
    started.set(content, performance.now());
    await publish(conversations[n % conversations.length] ?? '', content);
    answered.set(content, performance.now());
  });
  await untilSeen(started, seen);
  reader.kill();
  client.close();
  return { answered: quantiles(started, answered), seen: quantiles(started, seen) };
}

async function bare(count: number) {
  const kafka = openKafka({ brokers: [values.brokers], clientId: 'bench', logger: silentLogger });
  const admin = kafka.admin();
  await admin.ensureTopics([{ topic: BARE_TOPIC, partitions: 1 }]);
  await admin.close();
  const started: Times = new Map();
  const seen: Times = new Map();
  const reader = watch(BARE_TOPIC, seen);
  const publisher = kafka.publisher();
  await publisher.start();
  const produce = (content: string) =>
    publisher.publish({
      topic: BARE_TOPIC,
      partition: 0,
      records: [{ key: content, value: Buffer.from(JSON.stringify({ content })), headers: {} }],
    });
  await warmUp(seen, produce);
  const run = randomUUID().slice(0, 8);
  await atRate(rate, count, (n) => {
    const content = `${run}-${n}`;
    started.set(content, performance.now());
    return produce(content);
  });
  await untilSeen(started, seen);
  reader.kill();
  await publisher.stop();
  return quantiles(started, seen);
}

const direct = await bare(Math.min(rate * 10, rate * seconds));
const measured = await nova(rate * seconds);
process.stdout.write(`${rate} events/s for ${seconds} s
PublishEvent answered:         ${quantilesText(measured.answered)}
PublishEvent to record seen:   ${quantilesText(measured.seen)}
sent from memory to seen:      ${quantilesText(direct)}
ratio of the medians:          ${(measured.seen.p50 / direct.p50).toFixed(1)}
`);
process.exitCode = measured.seen.missing === 0 ? 0 : 1;
