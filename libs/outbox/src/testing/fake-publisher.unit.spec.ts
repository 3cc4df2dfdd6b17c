import { eventPublisherConformance } from './event-publisher.conformance.ts';
import { FakePublisher } from './fake-publisher.ts';

eventPublisherConformance('the fake', () => {
  const topics = new Map<string, number>();
  const publisher = new FakePublisher((topic) => topics.get(topic));
  return Promise.resolve({
    publisher,
    missingTopic: 'nova_events_never_made',
    newTopic(partitions) {
      const topic = `nova_events_made_${topics.size}`;
      topics.set(topic, partitions);
      return Promise.resolve(topic);
    },
    read: (topic, partition) =>
      Promise.resolve(
        publisher.arrived
          .filter((record) => record.topic === topic && record.partition === partition)
          .map(({ key, value, headers }) => ({ key, value, headers })),
      ),
  });
});
