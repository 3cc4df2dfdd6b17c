import { catalogue, DEFAULT_PARTITIONS, deadLetterTopicOf, topicOf } from '@nova/events';

/** A topic that must exist before the relay can publish to it. */
export interface CatalogueTopic {
  readonly topic: string;
  readonly partitions: number;
}

/** The topics of the catalogue's event types and their dead letters. */
export function catalogueTopics(): readonly CatalogueTopic[] {
  return catalogue.all().flatMap(({ type }) => topicsOf(type));
}

/**
 * The topics of an event type of the catalogue or a registered one.
 *
 * @throws TypeError for anything else: topics are never made from free text.
 */
export function topicsOf(eventType: string): readonly CatalogueTopic[] {
  return [
    { topic: topicOf(eventType), partitions: DEFAULT_PARTITIONS },
    { topic: deadLetterTopicOf(eventType), partitions: 1 },
  ];
}
