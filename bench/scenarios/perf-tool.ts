import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { keepUntilEnd } from '../harness/children.ts';
import type { Outcome, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';

let turns = 0;

/**
 * Kafka's own producer performance tool: records of 512 random bytes without headers into one topic of
 * 8 partitions, acks of all, idempotent. Its rate is the one that it tells itself; the records are
 * counted in the topic, since their bytes are its own.
 */
export function perfTool(stage: Stage, name: string, events: number): Subject {
  return { name, run: () => turn(stage, events) };
}

async function turn(stage: Stage, events: number): Promise<Outcome> {
  turns += 1;
  const topic = `bench_perf_turn${turns}`;
  await stage.topics.ensure([topic]);
  const { brokers, tool } = stage.servers.kafka;
  const [java = 'java', ...flags] = tool;
  const words = [
    ...[...flags, 'org.apache.kafka.tools.ProducerPerformance', '--topic', topic],
    ...['--num-records', String(events), '--record-size', '512', '--throughput', '-1'],
    ...['--producer-props', `bootstrap.servers=${brokers.join(',')}`, 'acks=all'],
  ];
  const { result, foreign, kafkaSeconds } = await watched(stage, async () => {
    const child = spawn(java, words, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    keepUntilEnd(child);
    const said: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => said.push(piece));
    await once(child, 'close');
    if (child.exitCode !== 0) throw new Error(`the tool ended with ${child.exitCode}`);
    return Buffer.concat(said).toString();
  });
  const rates = [...result.matchAll(/([\d.]+) records\/sec/g)];
  const rate = Number(rates.at(-1)?.[1]);
  const found = await stage.topics.count(topic);
  const values = { rate, kafkaCpu: (kafkaSeconds * 1e6) / events };
  return { values, foreign, wrong: found === events ? undefined : `${found} of ${events} records` };
}
