import { sleep, withDeadline } from '@nova/time';
import type { Cluster } from 'kafkajs';
import type { ProducerSession } from '../driver.ts';
import { brokerErrorType } from '../driver-error.ts';
import type { CompleteOptions } from '../options.ts';
import { brokerTimeoutMs, RequestProducer } from '../produce/request-producer.ts';
import { openClient } from './client.ts';
import { leaders } from './leaders.ts';

const METADATA_MAX_AGE_MS = 300_000;
const AGAIN_MS = 100;
// What a broker says that has just begun, in the words of kafkajs.
const NOT_YET = new Set(['GROUP_LOAD_IN_PROGRESS', 'GROUP_COORDINATOR_NOT_AVAILABLE']);

/** Connects over kafkajs and takes a producer id. */
export async function openProducer(options: CompleteOptions): Promise<ProducerSession> {
  const { connectDeadlineMs, sendDeadlineMs, compression } = options;
  const client = openClient(options, sendDeadlineMs);
  try {
    const cluster = client.kafka.cluster({
      metadataMaxAge: METADATA_MAX_AGE_MS,
      allowAutoTopicCreation: false,
    });
    const identity = await withDeadline(identify(cluster), connectDeadlineMs, 'connecting');
    const timeoutMs = brokerTimeoutMs(sendDeadlineMs);
    return new RequestProducer(
      {
        leaders: leaders(cluster, { ...identity, compression, timeoutMs }),
        disconnect: () => cluster.disconnect(),
        cut: () => client.cut(),
      },
      options.logger,
    );
  } catch (thrown) {
    client.cut();
    throw thrown;
  }
}

// Any broker hands out producer ids, a while after its start. The client is cut at the deadline, which
// ends this, too.
async function identify(cluster: Cluster) {
  await cluster.connect();
  await cluster.refreshMetadata();
  for (;;) {
    const broker = await cluster.findControllerBroker();
    try {
      const { producerId, producerEpoch } = await broker.initProducerId({});
      return { producerId: BigInt(producerId), producerEpoch };
    } catch (thrown) {
      if (!NOT_YET.has(brokerErrorType(thrown) ?? '')) throw thrown;
      await sleep(AGAIN_MS);
    }
  }
}
