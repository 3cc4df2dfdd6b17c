import { type KafkaAdmin, SingleConnectionAdmin } from './admin.ts';
import { GroupMember } from './group-member.ts';
import { loadDriver } from './load-driver.ts';
import { defaults, type KafkaOptions } from './options.ts';
import { type KafkaPublisher, SinglePartitionPublisher } from './publisher.ts';
import { type RecordSearch, searchRecord } from './record-search.ts';
import type { IncomingRecord, KafkaSource } from './seam.ts';

/** A Kafka cluster as one process uses it. */
export interface Kafka {
  /** A new publisher; one per process is enough. */
  publisher(): KafkaPublisher;
  /** The admin of this process, always the same one. */
  admin(): KafkaAdmin;
  /** Opens members of consumer groups. They use the admin: stop them before closing it. */
  source(): KafkaSource;
  /** Reads a partition for one record, as far as it goes now; undefined when it is not there. */
  search(search: RecordSearch): Promise<IncomingRecord | undefined>;
}

/** Nothing is connected yet: publisher and admin do so when they are first used. */
export function openKafka(options: KafkaOptions): Kafka {
  const complete = { ...defaults, ...options };
  const admin = new SingleConnectionAdmin(complete);
  return {
    publisher: () =>
      new SinglePartitionPublisher(complete, admin.directory, async (of) =>
        (await loadDriver(of.driver)).openProducer(of),
      ),
    admin: () => admin,
    source: () => ({
      open: (consumer) => Promise.resolve(new GroupMember(complete, admin, consumer)),
    }),
    search: (search) => searchRecord(complete, admin, search),
  };
}
