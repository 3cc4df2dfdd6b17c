import { describe, expect, it } from '@jest/globals';
import { NovaError } from '@nova/errors';
import { type KafkaAdmin, errors as kafkaErrors, type TopicSpec } from '@nova/kafka';
import { Readiness } from '@nova/lifecycle';
import { silentLogger } from '@nova/telemetry';
import { waitFor } from '@nova/testkit';
import { catalogueTopics, topicsOf } from '../domain/topics.ts';
import { topicProvisioning } from './topic-provisioning.ts';

/** An admin whose next answers the spec decides. */
function adminThat(answers: ((specs: readonly TopicSpec[]) => Promise<readonly string[]>)[]) {
  const asked: number[] = [];
  const admin: Pick<KafkaAdmin, 'ensureTopics'> = {
    ensureTopics(specs) {
      asked.push(specs.length);
      return answers.shift()?.(specs) ?? Promise.resolve([]);
    },
  };
  return { admin, asked };
}

const away = () =>
  Promise.reject(new NovaError(kafkaErrors.KAFKA_UNAVAILABLE, { brokers: 'x', what: 'answer' }));

function provision(given: ReturnType<typeof adminThat>, topics = catalogueTopics) {
  const readiness = new Readiness();
  const part = topicProvisioning({
    admin: given.admin,
    topics: () => Promise.resolve(topics()),
    readiness,
    logger: silentLogger,
  });
  const condition = () => readiness.health().condition;
  return { part, condition };
}

describe('topicProvisioning', () => {
  it('is down until the topics were looked at, then ready', async () => {
    const { part, condition } = provision(adminThat([]));
    expect(condition()).toBe('down');
    await part.start();
    await waitFor(() => condition() === 'ready', { withinMs: 2_000, what: 'the topics' });
    await part.stop();
  });

  it('is degraded while Kafka is away, and goes on trying', async () => {
    const given = adminThat([away, away]);
    const { part, condition } = provision(given);
    await part.start();
    await waitFor(() => condition() === 'degraded', { withinMs: 2_000, what: 'the absence' });
    await waitFor(() => condition() === 'ready', { withinMs: 5_000, what: 'the topics' });
    expect(given.asked).toHaveLength(3);
    await part.stop();
  });

  it('asks each time which topics there are to be: types are registered meanwhile', async () => {
    const given = adminThat([away, away]);
    let registered = 0;
    const { part, condition } = provision(given, () => {
      registered += 1;
      return topicsOf(`order_placed_${registered}`).slice(0, registered);
    });
    await part.start();
    await waitFor(() => condition() === 'ready', { withinMs: 5_000, what: 'the topics' });
    expect(given.asked).toEqual([1, 2, 2]);
    await part.stop();
  });

  it('stops while it waits', async () => {
    const { part } = provision(adminThat(Array.from({ length: 50 }, () => away)));
    await part.start();
    await part.stop();
  });
});

describe('catalogueTopics', () => {
  it('has a topic and a dead-letter topic for every type, each once', () => {
    const topics = catalogueTopics();
    expect(new Set(topics.map(({ topic }) => topic)).size).toBe(topics.length);
    expect(topics).toContainEqual({ topic: 'nova_events_message_created', partitions: 8 });
    expect(topics).toContainEqual({ topic: 'nova_dlt_message_created', partitions: 1 });
  });
});
