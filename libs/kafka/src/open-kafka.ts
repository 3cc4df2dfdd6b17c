import { type KafkaAdmin, SingleConnectionAdmin } from './admin.ts';
import { defaults, type KafkaOptions } from './options.ts';
import { type KafkaPublisher, SinglePartitionPublisher } from './publisher.ts';

/** A Kafka cluster as one process uses it. */
export interface Kafka {
  /** A new publisher; one per process is enough. */
  publisher(): KafkaPublisher;
  /** The admin of this process, always the same one. */
  admin(): KafkaAdmin;
}

/** Nothing is connected yet: publisher and admin do so when they are first used. */
export function openKafka(options: KafkaOptions): Kafka {
  const complete = { ...defaults, ...options };
  const admin = new SingleConnectionAdmin(complete);
  return {
    publisher: () => new SinglePartitionPublisher(complete, admin.directory),
    admin: () => admin,
  };
}
