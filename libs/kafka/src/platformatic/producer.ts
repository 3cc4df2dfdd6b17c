import { withDeadline } from '@nova/time';
import { Producer } from '@platformatic/kafka';
import type { ProducerSession } from '../driver.ts';
import type { CompleteOptions } from '../options.ts';
import { brokerTimeoutMs, RequestProducer } from '../produce/request-producer.ts';
import { clientOptions, cutClient } from './client.ts';
import { leaders } from './leaders.ts';

/** Connects over @platformatic/kafka and takes a producer id. */
export async function openProducer(options: CompleteOptions): Promise<ProducerSession> {
  const { connectDeadlineMs, sendDeadlineMs, compression } = options;
  const client = new Producer({ ...clientOptions(options, sendDeadlineMs), idempotent: true });
  // Its retries go on after `close`, so sockets are destroyed.
  const cut = () => cutClient(client, () => client.close(true));
  try {
    const identified = client.initIdempotentProducer({});
    const identity = await withDeadline(identified, connectDeadlineMs, 'connecting');
    const timeoutMs = brokerTimeoutMs(sendDeadlineMs);
    return new RequestProducer(
      {
        leaders: leaders(client, { ...identity, compression, timeoutMs }),
        disconnect: () => client.close(true),
        cut,
      },
      options.logger,
    );
  } catch (thrown) {
    cut();
    throw thrown;
  }
}
