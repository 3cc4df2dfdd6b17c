import { join } from 'node:path';
import {
  cacheDirectory,
  ensureRedis,
  freePorts,
  redisServer,
  type ServerProcess,
} from '@nova/servers';
import { type ServerFolder, serverFolder } from './server-folder.ts';

/** A Redis for specs, not yet started. */
export interface RedisForSpecs {
  readonly server: ServerProcess;
  readonly folder: ServerFolder;
  readonly logFile: string;
  readonly url: string;
}

/** Describes an empty Redis on a free port; fetches its program where the machine has none. */
export async function describeRedis(): Promise<RedisForSpecs> {
  const program = await ensureRedis(cacheDirectory());
  const folder = serverFolder('redis');
  const [port = 0] = await freePorts(1);
  const server = redisServer({ dataDir: join(folder.path, 'data'), port, program });
  return { server, folder, logFile: join(folder.path, 'log'), url: `redis://127.0.0.1:${port}` };
}
