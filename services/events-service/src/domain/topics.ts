import { catalogue, DEFAULT_PARTITIONS, deadLetterTopicOf } from '@nova/events';

/** A topic that must exist before the relay can publish to it. */
export interface CatalogueTopic {
  readonly topic: string;
  readonly partitions: number;
}

/** The topics of all event types and their dead letters; topics are never made from anything else. */
export function catalogueTopics(): readonly CatalogueTopic[] {
  return catalogue.all().flatMap(({ type, topic }) => [
    { topic, partitions: DEFAULT_PARTITIONS },
    { topic: deadLetterTopicOf(type), partitions: 1 },
  ]);
}
