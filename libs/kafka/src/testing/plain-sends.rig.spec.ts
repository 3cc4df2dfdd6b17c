import { sleep, withDeadline } from '@nova/time';
import type { DriverName } from '../options.ts';
import {
  asTold,
  message,
  messageTo,
  plainKafkajs,
  plainProducer,
} from './plain-clients.rig.spec.ts';

const BETWEEN_MS = 25;
const STUCK_MS = 8000;

/** A producer without the seam. A send holds one message for each partition, whose key is its number. */
export interface PlainSender {
  send(number: number): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Connected, and through with its first send, number 0. */
export async function plainSender(
  driver: DriverName,
  brokers: readonly string[],
  topic: string,
  partitions: readonly number[],
): Promise<PlainSender> {
  const sender = driver === 'kafkajs' ? await ofKafkajs() : ofPlatformatic();
  await sender.send(0);
  return sender;

  async function ofKafkajs(): Promise<PlainSender> {
    const producer = plainKafkajs(brokers).producer({ createPartitioner: asTold });
    await producer.connect();
    const messages = (number: number) => partitions.map((partition) => message(number, partition));
    return {
      send: (number) => producer.send({ topic, messages: messages(number) }),
      close: () => producer.disconnect(),
    };
  }
  function ofPlatformatic(): PlainSender {
    const producer = plainProducer(brokers);
    const messages = (number: number) =>
      partitions.map((partition) => messageTo(topic, number, partition));
    return {
      send: (number) => producer.send({ messages: messages(number) }),
      close: () => producer.close(true),
    };
  }
}

/** Sends that do not wait for each other. */
export interface SendsAtOnce {
  /** Number of the latest send. */
  begun(): number;
  /** Highest number that was acknowledged. */
  acknowledged(): number;
  /** Begins no more. The numbers that were acknowledged, in their order. */
  stop(): Promise<number[]>;
}

/** Sends from number 1 on, none waiting for another, until told to stop. */
export function keepSendingAtOnce(sender: PlainSender): SendsAtOnce {
  const acknowledged = [0];
  const open: Promise<unknown>[] = [];
  let isStopping = false;
  const sending = (async () => {
    while (!isStopping) {
      const number = open.length + 1;
      const taken = () => void acknowledged.push(number);
      open.push(sender.send(number).then(taken, () => {}));
      await sleep(BETWEEN_MS);
    }
  })();
  return {
    begun: () => open.length,
    acknowledged: () => Math.max(...acknowledged),
    async stop() {
      isStopping = true;
      await sending;
      // Some have no end.
      await withDeadline(Promise.all(open), STUCK_MS, 'the sends').catch(() => {});
      return acknowledged.sort((a, b) => a - b);
    },
  };
}

/** Those of `sent` that are in the topic for the first time behind a later one. */
export function reordered(sent: readonly number[], found: readonly number[]): number[] {
  const known = new Set(sent);
  const first = [...new Set(found)].filter((number) => known.has(number));
  return first.filter((number, index) => first.slice(0, index).some((before) => before > number));
}
