import type { Base, BaseOptions, SASLOptions } from '@platformatic/kafka';
import type { CompleteOptions, SaslOptions } from '../options.ts';
import { tlsOptions } from '../tls-options.ts';

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

/**
 * Four retries after 100 ms and twice as long each time. It also tries again what will never be taken,
 * such as a wrong password, and that must come to an end before the deadline of whoever asks.
 */
export function clientOptions(options: CompleteOptions, requestTimeoutMs: number): BaseOptions {
  const { brokers, clientId, connectDeadlineMs, sasl, tls } = options;
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: Math.min(connectDeadlineMs, 3000),
    requestTimeout: requestTimeoutMs,
    timeout: requestTimeoutMs,
    retries: 4,
    retryDelay: (_client: object, _operation: string, attempt: number) =>
      Math.min(100 * 2 ** (attempt - 1), 2000),
    metadataMaxAge: 60_000,
    autocreateTopics: false,
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl) }),
    ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
  };
}

function saslOptions({ mechanism, username, password }: SaslOptions): SASLOptions {
  return { mechanism: MECHANISMS[mechanism], username, password };
}

/**
 * Destroys the sockets of a client and has it refuse new ones. `close` alone waits for brokers that
 * do not answer, and leaves retries running that send again later.
 */
export function cutClient(client: Pick<Base, 'connections'>, close: () => Promise<void>): void {
  const sockets = [...client.connections].map(([, { socket }]) => socket);
  close().catch(() => {});
  client.connections.close().catch(() => {});
  for (const socket of sockets) socket?.destroy();
}
