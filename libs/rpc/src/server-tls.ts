import { constants } from 'node:crypto';
import {
  createSecureContext,
  createServer,
  type SecureContextOptions,
  type Server,
} from 'node:tls';
import { messageOf } from '@nova/errors';
import type { Logger } from '@nova/telemetry';
import { WatchedFile } from './watched-file.ts';

/** The files of a server's certificates (PEM). */
export interface ServerTls {
  readonly certFile: string;
  readonly keyFile: string;
  /** Who signs client certificates; undefined: clients are not asked for any. */
  readonly clientCaFile?: string | undefined;
}

const HANDSHAKE_MS = 10_000;
const LOOK_EVERY_MS = 5_000;

/** Reads the files once; throws an Error that says what is wrong with them. */
export function loadServerCertificates(tls: ServerTls): SecureContextOptions {
  return contextOf(filesOf(tls));
}

/**
 * A TLS server for HTTP/2. A client may come without a certificate (it then needs a token), but not
 * with one that does not hold. Certificates are read again when their files change; those that
 * cannot be used are told in the log, and the present ones stay.
 */
export function createTlsServer(
  tls: ServerTls,
  logger: Logger,
  lookEveryMs = LOOK_EVERY_MS,
): Server {
  const files = filesOf(tls);
  let texts = files.map((file) => file.read().text).join();
  const server = createServer({
    ...contextOf(files),
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_MS,
    requestCert: tls.clientCaFile !== undefined,
    // Looked at below: the library's own refusal would also refuse those who have none.
    rejectUnauthorized: false,
    // A resumed session would not be looked at again.
    secureOptions: constants.SSL_OP_NO_TICKET,
    noDelay: true,
  });
  server.prependListener('secureConnection', (socket) => {
    const shown = socket.getPeerX509Certificate();
    if (shown === undefined || socket.authorized) return;
    logger.warn(
      { component: 'rpc', reason: String(socket.authorizationError) },
      'a client certificate is not accepted',
    );
    socket.destroy();
  });
  server.on('tlsClientError', (thrown) =>
    logger.debug({ component: 'rpc', reason: messageOf(thrown) }, 'a tls handshake failed'),
  );
  const timer = setInterval(() => {
    const now = files.map((file) => file.read().text).join();
    if (now === texts) return;
    texts = now;
    try {
      server.setSecureContext({ ...contextOf(files), secureOptions: constants.SSL_OP_NO_TICKET });
      logger.info({ component: 'rpc' }, 'certificates of the rpc server read again');
    } catch (thrown) {
      logger.warn(
        { component: 'rpc', reason: messageOf(thrown) },
        'new certificates of the rpc server cannot be used',
      );
    }
  }, lookEveryMs);
  timer.unref();
  server.on('close', () => clearInterval(timer));
  return server;
}

type Files = readonly [WatchedFile, WatchedFile, ...WatchedFile[]];

function filesOf({ certFile, keyFile, clientCaFile }: ServerTls): Files {
  const ca = clientCaFile === undefined ? [] : [new WatchedFile(clientCaFile)];
  return [new WatchedFile(certFile), new WatchedFile(keyFile), ...ca];
}

function contextOf([cert, key, ...ca]: Files): SecureContextOptions {
  const options = {
    cert: cert.read().text,
    key: key.read().text,
    ...(ca.length === 0 ? {} : { ca: ca.map((file) => file.read().text) }),
  };
  // Throws when key and certificate do not belong together.
  createSecureContext(options);
  return options;
}
