import { silentLogger } from '@nova/telemetry';
import { openClient } from './driver.ts';
import { defaults } from './options.ts';

const REQUEST_TIMEOUT_MS = 10_000;

/** For specs: has the broker delete every record that a topic holds now; resolves with how many. */
export async function deleteRecords(brokers: readonly string[], topic: string): Promise<number> {
  const options = { ...defaults, brokers, clientId: 'spec', logger: silentLogger };
  const client = openClient(options, REQUEST_TIMEOUT_MS);
  const admin = client.kafka.admin();
  try {
    await admin.connect();
    const bounds = await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({
      topic,
      partitions: bounds.map(({ partition, high }) => ({ partition, offset: high })),
    });
    return bounds.reduce((count, { low, high }) => count + Number(high) - Number(low), 0);
  } finally {
    await admin.disconnect().catch(() => {});
    client.cut();
  }
}
