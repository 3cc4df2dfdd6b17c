import { describe, expect, it } from '@jest/globals';
import type { EventPublisher, OutgoingRecord } from '../relay/publisher.ts';

/** A publisher together with a way to look into its topics. */
export interface PublisherUnderTest {
  readonly publisher: EventPublisher;
  /** A topic with this many partitions that nobody else uses. */
  newTopic(partitions: number): Promise<string>;
  /** A topic name that does not exist. */
  readonly missingTopic: string;
  /** Everything in a partition, in order. */
  read(topic: string, partition: number): Promise<readonly OutgoingRecord[]>;
}

const record = (key: string, version: number, bytes = 20): OutgoingRecord => ({
  key,
  value: Buffer.from(JSON.stringify({ version, filler: 'x'.repeat(bytes) })),
  headers: { ce_id: `${key}-${version}`, 'content-type': 'application/json' },
});

const ids = (records: readonly OutgoingRecord[]) => records.map(({ headers }) => headers['ce_id']);

/** What the relay relies on, whatever it publishes to. */
export function eventPublisherConformance(
  name: string,
  make: () => Promise<PublisherUnderTest>,
): void {
  sends(name, make);
  refuses(name, make);
}

function sends(name: string, make: () => Promise<PublisherUnderTest>): void {
  describe(`${name} as an event publisher`, () => {
    it('keeps key, value, headers and order of a batch', async () => {
      const { publisher, newTopic, read } = await make();
      const topic = await newTopic(2);
      const records = Array.from({ length: 50 }, (_, index) => record('ключ', index));
      await publisher.publish({ topic, partition: 1, records });
      const found = await read(topic, 1);
      expect(ids(found)).toEqual(ids(records));
      expect(found[7]).toEqual({
        key: 'ключ',
        value: Buffer.from(records[7]?.value ?? []),
        headers: records[7]?.headers,
      });
      expect(await read(topic, 0)).toEqual([]);
    });

    it('sends batches of one partition one after the other when they come together', async () => {
      const { publisher, newTopic, read } = await make();
      const topic = await newTopic(1);
      const batches = Array.from({ length: 20 }, (_, batch) =>
        Array.from({ length: 5 }, (_, index) => record('key', batch * 5 + index)),
      );
      await Promise.all(
        batches.map((records) => publisher.publish({ topic, partition: 0, records })),
      );
      expect(ids(await read(topic, 0))).toEqual(ids(batches.flat()));
    });

    it('publishes to many partitions side by side', async () => {
      const { publisher, newTopic, read } = await make();
      const topic = await newTopic(8);
      const partitions = Array.from({ length: 8 }, (_, partition) => partition);
      await Promise.all(
        partitions.map((partition) =>
          publisher.publish({ topic, partition, records: [record(`key ${partition}`, 1)] }),
        ),
      );
      const found = await Promise.all(partitions.map((partition) => read(topic, partition)));
      expect(found.map(ids)).toEqual(partitions.map((partition) => [`key ${partition}-1`]));
    });

    it('takes a batch that is larger than one send, in order', async () => {
      const { publisher, newTopic, read } = await make();
      const topic = await newTopic(1);
      const records = Array.from({ length: 12 }, (_, index) => record('key', index, 256 * 1024));
      await publisher.publish({ topic, partition: 0, records });
      expect(ids(await read(topic, 0))).toEqual(ids(records));
    });
  });
}

function refuses(name: string, make: () => Promise<PublisherUnderTest>): void {
  describe(`${name} as an event publisher of what cannot be sent`, () => {
    it('refuses a partition that the topic does not have, and goes on', async () => {
      const { publisher, newTopic, read } = await make();
      const topic = await newTopic(2);
      for (const partition of [2, -1]) {
        await expect(
          publisher.publish({ topic, partition, records: [record('key', 1)] }),
        ).rejects.toThrow();
      }
      await publisher.publish({ topic, partition: 0, records: [record('key', 2)] });
      expect(ids(await read(topic, 0))).toEqual(['key-2']);
    });

    it('refuses a topic that does not exist and creates none', async () => {
      const { publisher, missingTopic } = await make();
      await expect(publisher.partitionsOf(missingTopic)).rejects.toThrow();
      await expect(
        publisher.publish({ topic: missingTopic, partition: 0, records: [record('key', 1)] }),
      ).rejects.toThrow();
      await expect(publisher.partitionsOf(missingTopic)).rejects.toThrow();
    });

    it('knows how many partitions a topic has', async () => {
      const { publisher, newTopic } = await make();
      expect(await publisher.partitionsOf(await newTopic(3))).toBe(3);
    });
  });
}
