import { createServer, type Server } from 'node:http';
import { messageOf } from '@nova/errors';
import { type RunningServer, startServer } from '@nova/servers';
import type { ServerFolder } from './server-folder.ts';
import { describeKafka } from './start-kafka.ts';
import { describePostgres } from './start-postgres.ts';
import { describeRedis } from './start-redis.ts';

/**
 * The servers that all spec files of one jest run share, or those of one worker (`/kafka/2`). They live
 * in jest's own process and are started when the first spec asks for them, so that a run which needs no
 * Kafka starts none. Specs run in other processes and ask over HTTP on a port of this machine.
 */
export interface RunServers {
  /** Where specs ask: `http://127.0.0.1:<port>`. */
  readonly address: string;
  /** Ends everything and deletes its data. */
  stop(): Promise<void>;
}

/** What a spec is told. */
export type Endpoints = Readonly<Record<string, unknown>>;

interface Started {
  readonly running: RunningServer;
  readonly folder: ServerFolder;
}

/** Opens the place where specs ask. */
export async function offerServers(): Promise<RunServers> {
  const started: Started[] = [];
  const once = new Map<string, Promise<Endpoints>>();
  const starts: Readonly<Record<string, (started: Started[]) => Promise<Endpoints>>> = {
    '/postgres': startPostgres,
    '/kafka': startKafka,
    '/redis': startRedis,
  };
  const http = createServer((request, response) => {
    // A kept connection could be closed in the moment in which a worker asks again on it.
    response.shouldKeepAlive = false;
    const path = request.url ?? '';
    const start = starts[path.replace(/\/\d+$/, '')];
    const endpoints =
      once.get(path) ?? start?.(started) ?? Promise.reject(new Error(`there is no ${path}`));
    once.set(path, endpoints);
    endpoints.then(
      (found) => response.end(JSON.stringify(found)),
      (thrown: unknown) => response.writeHead(500).end(messageOf(thrown)),
    );
  });
  const port = await listen(http);
  return {
    address: `http://127.0.0.1:${port}`,
    async stop() {
      http.close();
      http.closeAllConnections();
      await Promise.allSettled(once.values());
      await Promise.all(started.map(({ running }) => running.kill()));
      for (const { folder } of started) folder.remove();
    },
  };
}

async function startPostgres(started: Started[]): Promise<Endpoints> {
  const { server, folder, logFile, url, adminUrl } = await describePostgres();
  const running = await startServer(server, { logFile, guard: folder.guard });
  started.push({ running, folder });
  return { url, adminUrl };
}

async function startKafka(started: Started[]): Promise<Endpoints> {
  const { server, folder, logFile, brokers } = await describeKafka();
  const running = await startServer(server, { logFile, guard: folder.guard });
  started.push({ running, folder });
  return { brokers };
}

async function startRedis(started: Started[]): Promise<Endpoints> {
  const { server, folder, logFile, url } = await describeRedis();
  const running = await startServer(server, { logFile, guard: folder.guard });
  started.push({ running, folder });
  return { url };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // jest waits for nothing that specs may still ask.
    server.unref();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : 0);
    });
  });
}
