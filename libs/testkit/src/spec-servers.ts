import { processEnvironment } from '@nova/config';

/** Set by tools/jest-global-setup.mjs. */
export const SERVERS_VARIABLE = 'NOVA_TEST_SERVERS';

/** The PostgreSQL that all spec files share. */
export interface SharedPostgres {
  /** Role `nova_test`, which may create databases and is no superuser. */
  readonly url: string;
  /** As superuser. */
  readonly adminUrl: string;
}

/** The Kafka that spec files of one worker share. */
export interface TestKafka {
  /** host:port; use topic names of your own (`randomName`). */
  readonly brokers: readonly string[];
}

/** The shared PostgreSQL, started by the first call of the run. Most specs want `testDatabase`. */
export async function testPostgres(): Promise<SharedPostgres> {
  const { url, adminUrl } = await ask('postgres');
  return { url: String(url), adminUrl: String(adminUrl) };
}

/**
 * The Kafka of this jest worker, started by its first call (3 to 5 s). Services have groups of fixed
 * names: spec files that run side by side on one Kafka would share out its partitions.
 */
export async function testKafka(): Promise<TestKafka> {
  const { brokers } = await ask(`kafka/${processEnvironment['JEST_WORKER_ID'] ?? '1'}`);
  return { brokers: Array.isArray(brokers) ? brokers.map(String) : [] };
}

/** The shared Redis, started by the first call of the run; use keys of your own (`randomName`). */
export async function testRedis(): Promise<{ readonly url: string }> {
  return { url: String((await ask('redis'))['url']) };
}

async function ask(what: string): Promise<Readonly<Record<string, unknown>>> {
  const address = processEnvironment[SERVERS_VARIABLE];
  if (address === undefined) {
    throw new Error('servers are there for *.int.spec.ts and *.e2e.spec.ts, run by jest only');
  }
  const response = await fetch(`${address}/${what}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${what} for specs could not be started: ${text}`);
  // Written by run-servers.ts, in this lib.
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
