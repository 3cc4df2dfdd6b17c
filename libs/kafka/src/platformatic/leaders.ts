import { type Producer, ProtocolError, produceV9, Writer } from '@platformatic/kafka';
import { BrokerError } from '../broker-error.ts';
import { encodeTopics, type Producing } from '../produce/encode-topics.ts';
import { leaderName } from '../produce/leader-name.ts';
import type { Leaders, ProducedPartition } from '../produce/produce-requests.ts';

/** The numbers of the protocol: a request to produce, in the first version with compact fields. */
const PRODUCE = 0;
const VERSION = 9;
const ALL_COPIES = -1;

type ProduceResponse = ReturnType<typeof produceV9.parseResponse>;
type EncodedTopics = Awaited<ReturnType<typeof encodeTopics>>;

/** The brokers of a connected client. It asks for topics that it does not know yet. */
export function leaders(client: Producer, producing: Producing): Leaders {
  const asked = new Set<string>();
  return {
    async leaderOf(topic, partition) {
      asked.add(topic);
      const { topics } = await client.metadata({ topics: [topic] });
      const found = topics.get(topic)?.partitions[partition];
      return leaderName(topic, partition, found);
    },
    async refresh() {
      await client.metadata({ topics: [...asked], forceUpdate: true });
    },
    async produce(leader, data) {
      const topics = await encodeTopics(data, producing);
      const { brokers } = await client.metadata({ topics: [] });
      const broker = brokers.get(Number(leader));
      if (broker === undefined) {
        throw new BrokerError('LEADER_NOT_AVAILABLE', `there is no broker ${leader}`);
      }
      const connection = await client.connections.get(broker);
      const request = requestOf(topics, producing.timeoutMs);
      const answered = Promise.withResolvers<ProduceResponse | undefined>();
      connection.send(
        PRODUCE,
        VERSION,
        () => request,
        produceV9.parseResponse,
        true,
        true,
        (error, response) => (error ? answered.reject(error) : answered.resolve(response)),
      );
      return answersOf(await answered.promise.catch(responseOf));
    },
  };
}

// The client's own request encodes records from objects of its own, and so once more.
function requestOf(topics: EncodedTopics, timeoutMs: number): Writer {
  return Writer.create()
    .appendString(null)
    .appendInt16(ALL_COPIES)
    .appendInt32(timeoutMs)
    .appendArray(topics, (writer, { topic, partitions }) =>
      writer.appendString(topic).appendArray(partitions, (of, { partition, recordSet }) =>
        of
          .appendInt32(partition)
          .appendUnsignedVarInt(recordSet.length + 1)
          .append(recordSet),
      ),
    )
    .appendTaggedFields();
}

// Where a partition failed, the answer is on what is thrown.
function responseOf(thrown: unknown): ProduceResponse {
  if (typeof thrown !== 'object' || thrown === null || !('response' in thrown)) throw thrown;
  const { response } = thrown;
  if (typeof response !== 'object' || response === null) throw thrown;
  // What its parser hangs on an error is what it would have answered.
  return response as ProduceResponse;
}

function answersOf(response: ProduceResponse | undefined): readonly ProducedPartition[] {
  return (response?.responses ?? []).flatMap(({ name, partitionResponses }) =>
    partitionResponses.map(({ index, errorCode, baseOffset, errorMessage }) => ({
      topicName: name,
      partition: index,
      errorCode,
      baseOffset: baseOffset.toString(),
      error: errorCode === 0 ? undefined : new ProtocolError(errorCode, errorMessage),
    })),
  );
}
