import { exchange } from '../exchange.ts';

const METADATA = 3;
const VERSION = 4;
const CORRELATION = 20_261_121;

/**
 * Asks a broker for the members of its cluster. It answers with itself only once the controller
 * has let it in: before that it could not take a record.
 *
 * @throws SERVERS_NO_ANSWER
 */
export async function askKafka(port: number): Promise<void> {
  await exchange({ name: 'Kafka', port, request: metadataRequest(), read: readAnswer });
}

/** Metadata request, version 4, for no topics: header, empty list, no auto-creation. */
function metadataRequest(): Buffer {
  const client = Buffer.from('nova-ready', 'utf8');
  const body = Buffer.alloc(2 + 2 + 4 + 2 + client.length + 4 + 1);
  let at = body.writeInt16BE(METADATA, 0);
  at = body.writeInt16BE(VERSION, at);
  at = body.writeInt32BE(CORRELATION, at);
  at = body.writeInt16BE(client.length, at);
  at += client.copy(body, at);
  body.writeInt32BE(0, at);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** Answer: size, correlation id, throttle time, then the list of brokers. */
function readAnswer(received: Buffer): true | undefined {
  if (received.length < 4) return undefined;
  const size = received.readInt32BE(0);
  if (size < 12 || size > 1_000_000) throw new Error('the answer is not that of Kafka');
  if (received.length < size + 4) return undefined;
  if (received.readInt32BE(4) !== CORRELATION) throw new Error('the answer is not that of Kafka');
  if (received.readInt32BE(12) < 1) throw new Error('the broker is not yet let into its cluster');
  return true;
}
