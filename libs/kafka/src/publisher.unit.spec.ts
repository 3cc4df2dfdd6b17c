import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import type { PartitionAnswer } from './answer.ts';
import type { ProducerSession } from './driver.ts';
import { errors } from './errors.ts';
import { defaults } from './options.ts';
import { SinglePartitionPublisher } from './publisher.ts';
import type { KafkaBatch } from './record.ts';
import { TopicDirectory } from './topic-directory.ts';

type Send = (batch: KafkaBatch) => Promise<readonly PartitionAnswer[]>;

/** A broker that answers as it should, with offsets that rise. */
function goodBroker(): Send {
  const ends = new Map<string, number>();
  return ({ topic, partition, records }) => {
    const name = `${topic}/${partition}`;
    const base = ends.get(name) ?? 0;
    ends.set(name, base + records.length);
    const baseOffset = String(base);
    return Promise.resolve([{ topicName: topic, partition, errorCode: 0, baseOffset }]);
  };
}

/** A publisher whose producers send by `send`, which may look at which producer it is. */
function rigged(send: (batch: KafkaBatch, producer: number) => ReturnType<Send>) {
  const producers: { isUsable: boolean; isClosed: boolean }[] = [];
  const open = (): Promise<ProducerSession> => {
    const number = producers.length;
    const state = { isUsable: true, isClosed: false };
    producers.push(state);
    return Promise.resolve({
      nextOffsets: new Map(),
      get isUsable() {
        return state.isUsable;
      },
      send: (batch) => send(batch, number),
      retire() {
        state.isUsable = false;
      },
      close() {
        state.isClosed = true;
        return Promise.resolve();
      },
    });
  };
  const options = { ...defaults, brokers: ['b:1'], clientId: 'spec', logger: silentLogger };
  const topics = new TopicDirectory(() => Promise.resolve(new Map([['t', 8]])));
  return { publisher: new SinglePartitionPublisher(options, topics, open), producers };
}

const batch = (partition: number, ...numbers: number[]): KafkaBatch => ({
  topic: 't',
  partition,
  records: numbers.map((number) => ({
    key: 'key',
    value: Buffer.alloc(300_000),
    headers: { number: String(number) },
  })),
});
const numbersOf = ({ records }: KafkaBatch) =>
  records.map(({ headers }) => Number(headers['number']));

describe('the publisher', () => {
  it('keeps its producer while answers are right', async () => {
    const { publisher, producers } = rigged(goodBroker());
    for (let round = 0; round < 5; round += 1) await publisher.publish(batch(round, round));
    expect(producers).toHaveLength(1);
  });

  it.each<[string, Send]>([
    ['a rejected send', () => Promise.reject(new Error('planted'))],
    ['an empty answer', () => Promise.resolve([])],
    [
      'an answer for another partition',
      () => Promise.resolve([{ topicName: 't', partition: 7, errorCode: 0, baseOffset: '5' }]),
    ],
  ])('takes a new producer after %s', async (_, answer) => {
    const good = goodBroker();
    const { publisher, producers } = rigged((sent, producer) =>
      producer === 0 ? answer(sent) : good(sent),
    );
    await expect(publisher.publish(batch(1, 1))).rejects.toThrow();
    await publisher.publish(batch(1, 1));
    expect(producers).toEqual([
      { isUsable: false, isClosed: false },
      { isUsable: true, isClosed: false },
    ]);
  });

  it('keeps its producer when a record is refused: nothing of it is in doubt', async () => {
    const good = goodBroker();
    const { publisher, producers } = rigged(async (sent) => {
      if (!numbersOf(sent).includes(2)) return good(sent);
      throw Object.assign(new Error('planted'), { type: 'MESSAGE_TOO_LARGE' });
    });
    const refused = publisher.publish(batch(1, 1, 2, 3));
    await expect(refused).rejects.toMatchObject({ kind: errors.KAFKA_RECORD_REFUSED });
    await publisher.publish(batch(1, 3));
    expect(producers).toEqual([{ isUsable: true, isClosed: false }]);
  });

  it('does not trust an offset that it has seen before, and starts anew', async () => {
    const good = goodBroker();
    let repeats = false;
    const { publisher, producers } = rigged(async (sent) => {
      if (!repeats) return good(sent);
      return [{ topicName: 't', partition: 1, errorCode: 0, baseOffset: '0' }];
    });
    await publisher.publish(batch(1, 1, 2));
    repeats = true;
    await expect(publisher.publish(batch(1, 3))).rejects.toMatchObject({
      kind: errors.KAFKA_ANSWER_WRONG,
    });
    repeats = false;
    await publisher.publish(batch(1, 3));
    expect(producers).toHaveLength(2);
  });

  it('lets sends to other partitions end on the producer that is replaced', async () => {
    const good = goodBroker();
    const gate = Promise.withResolvers<void>();
    const { publisher, producers } = rigged(async (sent, producer) => {
      if (producer === 0 && sent.partition === 1) throw new Error('planted');
      if (producer === 0) await gate.promise;
      return good(sent);
    });
    const other = publisher.publish(batch(2, 1));
    await expect(publisher.publish(batch(1, 1))).rejects.toThrow('planted');
    await publisher.publish(batch(1, 1));
    gate.resolve();
    await other;
    expect(producers).toHaveLength(2);
  });

  it('sends no later piece of a batch when an earlier one failed', async () => {
    const good = goodBroker();
    const sent: number[][] = [];
    const { publisher } = rigged((piece, producer) => {
      sent.push(numbersOf(piece));
      return producer === 0 && sent.length === 2
        ? Promise.reject(new Error('planted'))
        : good(piece);
    });
    const whole = batch(1, 1, 2, 3, 4, 5, 6, 7);
    await expect(publisher.publish(whole)).rejects.toThrow('planted');
    await publisher.publish(whole);
    expect(sent).toEqual([[1, 2, 3], [4, 5, 6], [1, 2, 3], [4, 5, 6], [7]]);
  });

  it('has one send in work per partition, and partitions side by side', async () => {
    const good = goodBroker();
    const inWork = new Map<number, number>();
    let most = 0;
    const { publisher } = rigged(async (sent) => {
      const now = (inWork.get(sent.partition) ?? 0) + 1;
      inWork.set(sent.partition, now);
      expect(now).toBe(1);
      most = Math.max(
        most,
        [...inWork.values()].reduce((sum, count) => sum + count, 0),
      );
      await new Promise((resolve) => setImmediate(resolve));
      inWork.set(sent.partition, now - 1);
      return good(sent);
    });
    await Promise.all(
      [0, 1, 2, 3].flatMap((partition) =>
        [1, 2, 3].map((number) => publisher.publish(batch(partition, number))),
      ),
    );
    expect(most).toBe(4);
  });

  it('finds the record that the broker refuses, and tells it from those it takes', async () => {
    const good = goodBroker();
    const taken: number[] = [];
    const { publisher } = rigged((sent) => {
      if (numbersOf(sent).includes(5)) {
        return Promise.reject(Object.assign(new Error('planted'), { type: 'INVALID_RECORD' }));
      }
      taken.push(...numbersOf(sent));
      return good(sent);
    });
    const refusal: unknown = await publisher
      .publish(batch(1, 1, 2, 3, 4, 5, 6))
      .catch((thrown: unknown) => thrown);
    expect(publisher.refusalIn(refusal)).toMatchObject({ index: 4 });
    expect(taken).toEqual([1, 2, 3, 4]);
    expect(publisher.refusalIn(new Error('another'))).toBeUndefined();
  });

  it('sends all records in smaller pieces where a topic takes less at once, and remembers it', async () => {
    const good = goodBroker();
    const [sent, refused]: number[][][] = [[], []];
    const { publisher } = rigged((piece) => {
      if (piece.records.length > 1) {
        refused?.push(numbersOf(piece));
        return Promise.reject(Object.assign(new Error('planted'), { type: 'MESSAGE_TOO_LARGE' }));
      }
      sent?.push(numbersOf(piece));
      return good(piece);
    });
    await publisher.publish(batch(1, 1, 2, 3, 4));
    expect(sent).toEqual([[1], [2], [3], [4]]);
    const tried = refused?.length;
    await publisher.publish(batch(2, 5, 6));
    expect(sent?.slice(4)).toEqual([[5], [6]]);
    expect(refused).toHaveLength(tried ?? 0);
  });

  it('closes its producer when it stops, after what is in work', async () => {
    const good = goodBroker();
    const { publisher, producers } = rigged(good);
    const sending = publisher.publish(batch(1, 1));
    await sending;
    await publisher.stop();
    expect(producers).toEqual([{ isUsable: true, isClosed: true }]);
    await expect(publisher.publish(batch(1, 2))).rejects.toMatchObject({
      kind: errors.KAFKA_UNAVAILABLE,
    });
  });
});
