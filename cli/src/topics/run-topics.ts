import { isNovaError } from '@nova/errors';
import { catalogue, type EventType } from '@nova/events';
import { openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { kafkaConnection } from './kafka-connection.ts';
import { COLUMNS, type Described, topicCells, topicDocument, topicRows } from './topic-rows.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset'>;

/**
 * `topics`: the catalogue and what Kafka has of it. Without Kafka the catalogue is shown alone and
 * the exit code is 1; so it is when a topic is missing.
 */
export async function runTopics(call: Call, wishes: { deadLetters: boolean }): Promise<ExitCode> {
  const rows = topicRows(typesNamed(call.args), wishes.deadLetters);
  const described = await describe(
    call,
    rows.map(({ topic }) => topic),
  );
  const { out } = call;
  if (out.format === 'json') out.json(rows.map((row) => topicDocument(row, described)));
  else {
    out.table(
      COLUMNS,
      rows.map((row) => topicCells(row, described)),
    );
  }
  return rows.every(({ topic }) => described?.has(topic)) ? 0 : 1;
}

function typesNamed(given: readonly string[]): readonly EventType[] {
  if (given.length === 0) return catalogue.all();
  return given.map((name) => {
    // A topic's name is as good as its type's.
    const found = catalogue.resolve(name.replace(/^nova_(?:events|dlt)_/, ''));
    if ('eventType' in found) return found.eventType;
    const hint = found.nearest === undefined ? '' : `, did you mean ${found.nearest}?`;
    throw wrongUse(`unknown event type ${name}${hint}`);
  });
}

async function describe(call: Call, topics: readonly string[]): Promise<Described> {
  const connection = kafkaConnection(call);
  const admin = openKafka({ ...connection, clientId: 'nova-cli', logger: silentLogger }).admin();
  try {
    return await admin.describe(topics);
  } catch (thrown) {
    if (!isNovaError(thrown)) throw thrown;
    call.out.note(
      `Kafka at ${connection.brokers.join(', ')} could not be asked: ${thrown.message}`,
    );
    return undefined;
  } finally {
    await admin.close();
  }
}
