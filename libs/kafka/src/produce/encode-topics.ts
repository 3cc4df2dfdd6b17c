import { systemClock } from '@nova/time';
import type { Compression } from '../options.ts';
import { NO_TIME } from '../record-time.ts';
import type { PartitionData, TopicData } from './produce-requests.ts';
import { recordBatch } from './record-batch.ts';

/** As whom, and how, records are sent. */
export interface Producing {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly compression: Compression;
  /** How long a broker waits for its in-sync copies. */
  readonly timeoutMs: number;
}

/** The batches of a request as a broker keeps them. */
export function encodeTopics(data: TopicData, { compression, ...producer }: Producing) {
  const now = systemClock.now().getTime();
  const encode = async ({ partition, firstSequence, isTimed, ...piece }: PartitionData) => {
    const origin = { ...producer, firstSequence };
    const recordSet = await recordBatch(piece, origin, compression, isTimed ? now : NO_TIME);
    return { partition, recordSet };
  };
  return Promise.all(
    data.map(async ({ topic, partitions }) => ({
      topic,
      partitions: await Promise.all(partitions.map(encode)),
    })),
  );
}
