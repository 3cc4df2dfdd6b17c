import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, NovaError } from '@nova/errors';
import type { Part, Readiness } from '@nova/lifecycle';
import { withDeadline } from '@nova/time';
import { errors } from './errors.ts';

/** What the ops server tells about the process. */
export interface OpsSources {
  readonly service: string;
  readonly readiness: Readiness;
  readonly metrics: () => Promise<string>;
  readonly insights: Readonly<Record<string, () => Promise<unknown>>>;
}

/** How long one source may take; a paused database must not hold up the others. */
const SOURCE_DEADLINE_MS = 2_000;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * The HTTP server for operators and orchestrators. Started first and stopped last, so that it can
 * tell about starting and draining.
 *
 *   /health/live   200 while the event loop turns; no dependency is asked
 *   /health/ready  200 when every needed part works, also when degraded; else 503; parts as JSON
 *   /health/cqrs   what the service tells about its log, relay or views
 *   /metrics       Prometheus text
 */
export function opsServer(
  listen: { readonly host: string; readonly port: number },
  sources: OpsSources,
): Part & { address(): AddressInfo | undefined } {
  let server: Server | undefined;
  return {
    name: 'ops-server',
    async start() {
      if (server !== undefined) return;
      const starting = createServer({ requestTimeout: 10_000 }, (request, response) => {
        void respond(request, response, sources);
      });
      await listening(starting, listen);
      server = starting;
    },
    async stop() {
      const stopping = server;
      server = undefined;
      if (stopping === undefined) return;
      const closed = new Promise<void>((resolve) => stopping.close(() => resolve()));
      stopping.closeAllConnections();
      await closed;
    },
    address() {
      const address = server?.address();
      return typeof address === 'object' && address !== null ? address : undefined;
    },
  };
}

function listening(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (thrown: NodeJS.ErrnoException) => {
      reject(
        thrown.code === 'EADDRINUSE'
          ? new NovaError(
              errors.SERVICE_PORT_BUSY,
              { host, port, setting: 'NOVA_OPS_PORT' },
              { cause: thrown },
            )
          : thrown,
      );
    });
    server.listen(port, host, () => resolve());
  });
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  sources: OpsSources,
): Promise<void> {
  const answer = await answerTo(request, sources).catch((thrown: unknown) =>
    json(500, { error: messageOf(thrown) }),
  );
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(answer.body),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answerTo(request: IncomingMessage, sources: OpsSources): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return json(405, { error: 'only GET is answered here' });
  }
  const [path = '/'] = (request.url ?? '/').split('?');
  switch (path) {
    case '/health/live':
      return json(200, { status: 'alive', service: sources.service });
    case '/health/ready': {
      const health = sources.readiness.health();
      return json(health.condition === 'down' ? 503 : 200, {
        status: health.condition,
        service: sources.service,
        parts: health.parts,
      });
    }
    case '/health/cqrs':
      return json(200, await gather(sources));
    case '/metrics':
      return {
        status: 200,
        type: 'text/plain; version=0.0.4; charset=utf-8',
        body: await withDeadline(sources.metrics(), 2 * SOURCE_DEADLINE_MS, 'collecting metrics'),
      };
    default:
      return json(404, {
        error: 'unknown path',
        paths: ['/health/live', '/health/ready', '/health/cqrs', '/metrics'],
      });
  }
}

async function gather(sources: OpsSources): Promise<unknown> {
  const parts = await Promise.all(
    Object.entries(sources.insights).map(async ([name, ask]) => {
      const told = withDeadline(ask(), SOURCE_DEADLINE_MS, name).catch((thrown: unknown) => ({
        error: messageOf(thrown),
      }));
      return [name, await told] as const;
    }),
  );
  return {
    service: sources.service,
    status: sources.readiness.health().condition,
    ...Object.fromEntries(parts),
  };
}

function json(status: number, body: unknown): Answer {
  const text = JSON.stringify(body, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return { status, type: 'application/json; charset=utf-8', body: `${text}\n` };
}
