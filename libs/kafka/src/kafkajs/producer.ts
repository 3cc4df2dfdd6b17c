import { sleep, systemClock, withDeadline } from '@nova/time';
import type { Cluster } from 'kafkajs';
import type { PartitionAnswer } from '../answer.ts';
import type { ProducerSession } from '../driver.ts';
import { brokerErrorType } from '../driver-error.ts';
import type { CompleteOptions } from '../options.ts';
import type { KafkaBatch } from '../record.ts';
import { type Client, openClient } from './client.ts';
import { leaders } from './leaders.ts';
import { ProduceRequests } from './produce-requests.ts';

const METADATA_MAX_AGE_MS = 300_000;
const AGAIN_MS = 100;
/** A broker answers well before the deadline, so that slow copies of one partition put no other in doubt. */
const ANSWER_WITHIN = 0.75;
// What a broker says that has just begun, in the words of kafkajs.
const NOT_YET = new Set(['GROUP_LOAD_IN_PROGRESS', 'GROUP_COORDINATOR_NOT_AVAILABLE']);

/**
 * One idempotent producer over the connections of a kafkajs client, from its connection to the moment
 * it is thrown away:
 *
 *   open --send-- in use --retire-- finishing --last send settled-- cut
 *
 * A retired session takes no new sends, lets those in work come to their end or their deadline,
 * and then has its connections cut, so that nothing of it can be sent later. The producer of kafkajs
 * itself is not used: it has one request in work per broker, tries again by itself, and does not say
 * which partitions of a request failed.
 */
export class KafkajsProducer implements ProducerSession {
  readonly #client: Client;
  readonly #cluster: Cluster;
  readonly #requests: ProduceRequests;
  readonly nextOffsets = new Map<string, bigint>();
  #inWork = 0;
  #isRetired = false;

  private constructor(client: Client, cluster: Cluster, requests: ProduceRequests) {
    this.#client = client;
    this.#cluster = cluster;
    this.#requests = requests;
  }

  /** Connects and takes a producer id. */
  static async open(options: CompleteOptions): Promise<KafkajsProducer> {
    const { connectDeadlineMs, sendDeadlineMs, compression } = options;
    const client = openClient(options, sendDeadlineMs);
    try {
      const cluster = client.kafka.cluster({
        metadataMaxAge: METADATA_MAX_AGE_MS,
        allowAutoTopicCreation: false,
      });
      const identity = await withDeadline(identify(cluster), connectDeadlineMs, 'connecting');
      const timeoutMs = Math.floor(sendDeadlineMs * ANSWER_WITHIN);
      const producing = { ...identity, compression, timeoutMs };
      const requests = new ProduceRequests(leaders(cluster, producing), systemClock);
      return new KafkajsProducer(client, cluster, requests);
    } catch (thrown) {
      client.cut();
      throw thrown;
    }
  }

  get isUsable(): boolean {
    return !this.#isRetired;
  }

  async send(batch: KafkaBatch, deadlineMs: number): Promise<readonly PartitionAnswer[]> {
    this.#inWork += 1;
    try {
      return await withDeadline(this.#requests.add(batch, deadlineMs), deadlineMs, 'the send');
    } finally {
      this.#inWork -= 1;
      if (this.#isRetired && this.#inWork === 0) this.#client.cut();
    }
  }

  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    if (this.#inWork === 0) this.#client.cut();
  }

  async close(deadlineMs: number): Promise<void> {
    this.#isRetired = true;
    await withDeadline(this.#cluster.disconnect(), deadlineMs, 'disconnecting').catch(() => {});
    this.#client.cut();
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
