import { silentLogger } from '@nova/telemetry';
import { loadDriver } from './load-driver.ts';
import { defaults } from './options.ts';

const REQUEST_TIMEOUT_MS = 10_000;

/** For specs: has the broker delete every record that a topic holds now; resolves with how many. */
export async function deleteRecords(brokers: readonly string[], topic: string): Promise<number> {
  const options = { ...defaults, brokers, clientId: 'spec', logger: silentLogger };
  const admin = (await loadDriver(options.driver)).openAdmin(options, REQUEST_TIMEOUT_MS);
  try {
    await admin.connect();
    const bounds = await admin.bounds([topic]);
    const ends = [...bounds].map(([key, { end }]): [number, bigint] => [
      Number(key.slice(key.lastIndexOf(':') + 1)),
      end,
    ]);
    await admin.deleteRecords(topic, new Map(ends));
    return [...bounds.values()].reduce((count, { begin, end }) => count + Number(end - begin), 0);
  } finally {
    await admin.close().catch(() => {});
    admin.cut();
  }
}
