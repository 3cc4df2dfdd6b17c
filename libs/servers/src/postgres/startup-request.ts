import { exchange } from '../exchange.ts';
import { SUPERUSER } from './roles.ts';

const PROTOCOL_3 = 196_608;

/**
 * Opens a session as far as the demand for a password and hangs up. For that the server has made a
 * backend process and is neither starting nor stopping nor recovering.
 *
 * @throws SERVERS_NO_ANSWER
 */
export async function askPostgres(port: number): Promise<void> {
  await exchange({ name: 'PostgreSQL', port, request: startupMessage(), read: readAnswer });
}

function startupMessage(): Buffer {
  const words = ['user', SUPERUSER, 'database', 'postgres', ''].map((word) => `${word}\0`);
  const body = Buffer.from(words.join(''), 'utf8');
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(PROTOCOL_3, 4);
  return Buffer.concat([head, body]);
}

/** 'R' asks for a password; 'E' says why not, for example that it is still starting. */
function readAnswer(received: Buffer): true | undefined {
  const kind = String.fromCharCode(received[0] ?? 0);
  if (kind === 'R') return true;
  if (received.length < 5) return undefined;
  if (kind !== 'E') throw new Error('the answer is not that of PostgreSQL');
  const length = received.readInt32BE(1);
  if (length < 4 || length > 10_000) throw new Error('the answer is not that of PostgreSQL');
  if (received.length < length + 1) return undefined;
  throw new Error(errorMessage(received.subarray(5, length + 1)));
}

/** Fields: one letter, text, zero byte. M is the message for people. */
function errorMessage(fields: Buffer): string {
  const message = fields
    .toString('utf8')
    .split('\0')
    .find((field) => field.startsWith('M'));
  return message?.slice(1) ?? 'an error without a message';
}
