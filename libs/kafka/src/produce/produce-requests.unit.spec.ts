import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@nova/time';
import { recordFault } from '../driver-error.ts';
import { firstPiece, type KafkaSend } from '../record.ts';
import { type Leaders, ProduceRequests, type TopicData } from './produce-requests.ts';

const batch = (topic: string, partition: number, records = 1, bytes = 10): KafkaSend => ({
  topic,
  partition,
  ...firstPiece(
    Array.from({ length: records }, (_, index) => ({
      key: String(index),
      value: Buffer.alloc(bytes),
      headers: {},
    })),
    Number.POSITIVE_INFINITY,
  ),
});

/** What a request holds: `topic/partition@firstSequence`, and what has no time. */
const written = (data: TopicData) =>
  data.flatMap(({ topic, partitions }) =>
    partitions.map(
      ({ partition, firstSequence, isTimed }) =>
        `${topic}/${partition}@${firstSequence}${isTimed ? '' : ' without time'}`,
    ),
  );

const brokerError = (type: string) => Object.assign(new Error(type), { type });

/** Brokers that take everything at offset 7, led by `a` for even partitions and `b` for odd ones. */
function rig(over: Partial<Leaders> = {}, failures: Record<string, string[]> = {}) {
  const sent: string[] = [];
  const leaders: Leaders = {
    leaderOf: async (_, partition) => (partition % 2 === 0 ? 'a' : 'b'),
    refresh: async () => {
      sent.push('refresh');
    },
    async produce(leader, data) {
      sent.push(`${leader}: ${written(data).join(' ')}`);
      return data.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition }) => {
          const type = failures[`${topic}/${partition}`]?.shift();
          return {
            topicName: topic,
            partition,
            errorCode: type === undefined ? 0 : 1,
            baseOffset: '7',
            error: type === undefined ? undefined : brokerError(type),
          };
        }),
      );
    },
    ...over,
  };
  const refused = () => sent.push('time refused');
  return { sent, requests: new ProduceRequests(leaders, systemClock, refused) };
}

const MINUTE = 60_000;

describe('requests to brokers', () => {
  it('send once more without a time what has one that the broker refuses, and only that', async () => {
    const { sent, requests } = rig({}, { 't/0': ['INVALID_TIMESTAMP'] });
    await Promise.all([requests.add(batch('t', 0), MINUTE), requests.add(batch('t', 2), MINUTE)]);
    await requests.add(batch('t', 0), MINUTE);
    expect(sent).toEqual(['a: t/0@0 t/2@0', 'time refused', 'a: t/0@0 without time', 'a: t/0@1']);
  });

  it('give up what is refused without a time, too', async () => {
    const { sent, requests } = rig({}, { 't/0': ['INVALID_TIMESTAMP', 'INVALID_TIMESTAMP'] });
    await expect(requests.add(batch('t', 0), MINUTE)).rejects.toThrow('INVALID_TIMESTAMP');
    expect(sent).toHaveLength(3);
  });

  it('hold all batches that come together, one per broker, and answer for each', async () => {
    const { sent, requests } = rig();
    const answers = await Promise.all([
      requests.add(batch('t', 0), MINUTE),
      requests.add(batch('t', 1), MINUTE),
      requests.add(batch('u', 2), MINUTE),
    ]);
    expect(sent).toEqual(['a: t/0@0 u/2@0', 'b: t/1@0']);
    expect(answers.flat()).toMatchObject([
      { topicName: 't', partition: 0, errorCode: 0, baseOffset: '7' },
      { topicName: 't', partition: 1 },
      { topicName: 'u', partition: 2 },
    ]);
  });

  it('go on with the sequence of each partition after what was acknowledged', async () => {
    const { sent, requests } = rig();
    await Promise.all([
      requests.add(batch('t', 0, 3), MINUTE),
      requests.add(batch('t', 2), MINUTE),
    ]);
    await requests.add(batch('t', 0, 2), MINUTE);
    await Promise.all([requests.add(batch('t', 0), MINUTE), requests.add(batch('t', 2), MINUTE)]);
    expect(sent).toEqual(['a: t/0@0 t/2@0', 'a: t/0@3', 'a: t/0@5 t/2@1']);
  });

  it('acknowledge the others where one partition is refused', async () => {
    const { requests } = rig({}, { 't/2': ['MESSAGE_TOO_LARGE'] });
    const [taken, refused] = await Promise.allSettled([
      requests.add(batch('t', 0), MINUTE),
      requests.add(batch('t', 2), MINUTE),
    ]);
    expect(taken).toMatchObject({ status: 'fulfilled', value: [{ partition: 0 }] });
    expect(refused).toMatchObject({ status: 'rejected', reason: { type: 'MESSAGE_TOO_LARGE' } });
  });

  it('answer nothing for what the broker leaves out, or for a partition that is not there', async () => {
    const { requests } = rig({
      leaderOf: async (_, partition) => (partition === 4 ? undefined : 'a'),
      produce: async () => [],
    });
    expect(await requests.add(batch('t', 0), MINUTE)).toEqual([]);
    expect(await requests.add(batch('t', 4), MINUTE)).toEqual([]);
  });

  it('fail as a whole when the broker does not answer, and are not sent again', async () => {
    const { sent, requests } = rig({ produce: () => Promise.reject(new Error('closed')) });
    const settled = await Promise.allSettled([
      requests.add(batch('t', 0), MINUTE),
      requests.add(batch('t', 2), MINUTE),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(sent).toEqual([]);
  });

  it('send what another broker leads there, with the same sequence, and nothing else again', async () => {
    const { sent, requests } = rig({}, { 't/2': ['NOT_LEADER_FOR_PARTITION'] });
    await Promise.all([requests.add(batch('t', 0), MINUTE), requests.add(batch('t', 2), MINUTE)]);
    await requests.add(batch('t', 2), MINUTE);
    expect(sent).toEqual(['a: t/0@0 t/2@0', 'refresh', 'a: t/2@0', 'a: t/2@1']);
  });

  it('leave in doubt what the next broker refuses for its records: the one before may have it', async () => {
    const { requests } = rig({}, { 't/0': ['NOT_LEADER_FOR_PARTITION', 'MESSAGE_TOO_LARGE'] });
    const refused = await requests.add(batch('t', 0), MINUTE).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ message: expect.stringContaining('MESSAGE_TOO_LARGE') });
    expect(recordFault(refused)).toBeUndefined();
  });

  it('go on with the sequence that a refused batch would have had', async () => {
    const { sent, requests } = rig({}, { 't/0': ['MESSAGE_TOO_LARGE'] });
    await expect(requests.add(batch('t', 0, 3), MINUTE)).rejects.toThrow('MESSAGE_TOO_LARGE');
    await requests.add(batch('t', 0, 2), MINUTE);
    await requests.add(batch('t', 0), MINUTE);
    expect(sent).toEqual(['a: t/0@0', 'a: t/0@0', 'a: t/0@2']);
  });

  it('send nothing again after the deadline', async () => {
    const { sent, requests } = rig({}, { 't/0': Array(9).fill('LEADER_NOT_AVAILABLE') });
    await expect(requests.add(batch('t', 0), 50)).rejects.toThrow('LEADER_NOT_AVAILABLE');
    expect(sent).toEqual(['a: t/0@0']);
  });

  it('keep what fails before it is sent apart from the rest', async () => {
    const { sent, requests } = rig({
      leaderOf: (topic) =>
        topic === 'gone' ? Promise.reject(brokerError('NOBODY')) : Promise.resolve('a'),
    });
    const [gone, taken] = await Promise.allSettled([
      requests.add(batch('gone', 0), MINUTE),
      requests.add(batch('t', 0), MINUTE),
    ]);
    expect([gone.status, taken.status]).toEqual(['rejected', 'fulfilled']);
    expect(sent).toEqual(['a: t/0@0']);
  });

  it('do not wait for a topic that must be asked about', async () => {
    const known = Promise.withResolvers<string>();
    const { sent, requests } = rig({
      leaderOf: (topic) => (topic === 'new' ? known.promise : Promise.resolve('a')),
    });
    const late = requests.add(batch('new', 0), MINUTE);
    await requests.add(batch('t', 0), MINUTE);
    known.resolve('b');
    await late;
    expect(sent).toEqual(['a: t/0@0', 'b: new/0@0']);
  });

  it('are several where one would be larger than a broker takes', async () => {
    const { sent, requests } = rig();
    const large = (partition: number) => requests.add(batch('t', partition, 1, 9_000_000), MINUTE);
    await Promise.all([large(0), large(2)]);
    expect(sent).toEqual(['a: t/0@0', 'a: t/2@0']);
  });
});
