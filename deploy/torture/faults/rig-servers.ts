import { join } from 'node:path';
import { openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { privateLinkedKafka, privatePostgres, privateRedis, testDatabase } from '@nova/testkit';
import { Disk } from './disk.ts';
import { addLink, CONSUMERS, kafkaClientsOf, type Parts } from './rig-parts.ts';

/** Room for all schedules of a rig; it takes no more memory than what is on it. */
const DISK_MEGABYTES = { postgres: 4096, kafka: 2048 };

/** Disks of their own for PostgreSQL and Kafka, where this user may mount some. */
export function openDisks({ folder, disks, endings }: Parts): void {
  for (const [name, megabytes] of Object.entries(DISK_MEGABYTES)) {
    const disk = Disk.open(join(folder, `disk-of-${name}`), megabytes);
    if (disk === undefined) continue;
    disks.set(name, disk);
    endings.push(async () => disk.close());
  }
}

/** PostgreSQL and Kafka, with the links of all who speak to Kafka. */
export async function startServers(parts: Parts) {
  const { endings, links, disks, servers, clocks } = parts;
  const clients = kafkaClientsOf(parts);
  const ports: number[] = [];
  for (const client of clients) ports.push(await addLink(parts, `${client}-kafka`, 0));
  const below = disks.get('postgres')?.path;
  const [postgres, kafka] = await Promise.all([
    privatePostgres({
      ...(below === undefined ? {} : { below }),
      environment: clocks?.environmentOf('postgres') ?? {},
    }),
    privateLinkedKafka(ports, disks.get('kafka')?.path),
  ]);
  servers.set('postgres', postgres).set('kafka', kafka);
  endings.push(
    () => postgres.remove(),
    () => kafka.remove(),
  );
  for (const [index, client] of clients.entries()) {
    links.get(`${client}-kafka`)?.leadTo(kafka.listenerPorts[index] ?? 0);
  }
  return { postgres, kafka };
}

/** One for the log, and one for each consumer. */
export async function makeDatabases(
  { urls, databases, endings }: Parts,
  postgres: Awaited<ReturnType<typeof privatePostgres>>,
): Promise<void> {
  for (const name of ['log', ...CONSUMERS]) {
    const { url, database } = await testDatabase({ on: postgres, poolSize: 1 });
    await database.close();
    const own = openDatabase({
      url,
      applicationName: 'torture',
      poolSize: 2,
      statementTimeoutMs: 5000,
      logger: silentLogger,
    });
    urls.set(name, url);
    databases.set(name, own);
    endings.push(() => own.close());
  }
}

/** What consumers are told of the Redis for their fast marks, each with a link of its own. */
export async function startRedis(parts: Parts) {
  const redis = await privateRedis();
  parts.endings.push(() => redis.remove());
  parts.servers.set('redis', redis);
  return async (name: string) => {
    const url = new URL(redis.url);
    url.port = String(await addLink(parts, `${name}-redis`, Number(url.port)));
    return { NOVA_REDIS_URL: url.href, NOVA_CONSUMER_FAST_MARKS: 'true' };
  };
}
