import net from 'node:net';
import tls from 'node:tls';
import { systemClock } from '@nova/time';
import { Kafka, type KafkaConfig, type LogEntry, logLevel, type SASLOptions } from 'kafkajs';
import type { CompleteOptions, SaslOptions } from '../options.ts';
import { tlsOptions } from '../tls-options.ts';
import { driverLog } from './log.ts';

/**
 * One kafkajs client whose connections can be cut. kafkajs goes on with its own retries after
 * `disconnect()`, reconnecting as it needs, and waits for the answers of a paused broker; a client
 * that is thrown away must do neither, hence the socket factory of our own.
 */
export interface Client {
  readonly kafka: Kafka;
  /** Cuts every connection and refuses new ones; whatever is in work fails soon. */
  cut(): void;
}

const KEEP_ALIVE_MS = 60_000;

/**
 * A new client with nothing connected; `heard` is given what it says, also when nobody logs it.
 * Every value that kafkajs would take from NODE_ENV is set.
 */
export function openClient(
  options: CompleteOptions,
  requestTimeoutMs: number,
  heard: (entry: LogEntry) => void = () => {},
): Client {
  const sockets = new Set<net.Socket>();
  let isCut = false;
  const createLog = driverLog(options.logger, systemClock.monotonicMs, () => isCut);
  const kafka = new Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: Math.min(options.connectDeadlineMs, 3000),
    authenticationTimeout: options.connectDeadlineMs,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: { initialRetryTime: 100, maxRetryTime: 2000, multiplier: 2, factor: 0.2, retries: 5 },
    ...security(options),
    logLevel: logLevel.INFO,
    logCreator: () => {
      const log = createLog();
      return (entry) => {
        heard(entry);
        log(entry);
      };
    },
    socketFactory: ({ host, port, ssl, onConnect }) => {
      if (isCut) throw new Error('this kafka client was closed');
      // tls.connect takes the options object that kafkajs was given for `ssl`.
      const socket = ssl
        ? tls.connect({ host, port, ...ssl }, onConnect)
        : net.connect({ host, port }, onConnect);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
  });
  return {
    kafka,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy(new Error('this kafka client was closed'));
    },
  };
}

function security({ sasl, tls: given }: CompleteOptions): Pick<KafkaConfig, 'sasl' | 'ssl'> {
  return {
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl) }),
    ...(given === undefined ? {} : { ssl: tlsOptions(given) }),
  };
}

// Each mechanism is a type of its own to kafkajs.
function saslOptions({ mechanism, username, password }: SaslOptions): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}
