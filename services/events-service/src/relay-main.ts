import { hostname } from 'node:os';
import { newEventId } from '@nova/events';
import { connectionOptions, openKafka } from '@nova/kafka';
import { createRelay, relayRules } from '@nova/outbox';
import { databasePart, defineService, runService } from '@nova/service-kit';
import { settingsOfRelay } from './config.ts';
import { catalogueTopics, topicsOf } from './domain/topics.ts';
import { registeredTypes } from './storage/event-schemas.ts';
import { topicProvisioning } from './storage/topic-provisioning.ts';

const definition = defineService({
  name: 'events-relay',
  ports: { ops: 50_150 },
  settings: settingsOfRelay,
  rules: relayRules,
  build({ config, logger, clock, readiness }) {
    const { database, part, probe } = databasePart(config, { name: 'events-relay', logger });
    const kafka = openKafka({
      ...connectionOptions(config),
      clientId: 'events-relay',
      logger,
      compression: config.kafkaCompression,
      connectDeadlineMs: config.kafkaConnectDeadlineMs,
      sendDeadlineMs: config.kafkaSendDeadlineMs,
      replicationFactor: config.kafkaReplicationFactor,
      minInsyncReplicas: config.kafkaMinInsyncReplicas,
      topicRetentionDays: config.kafkaTopicRetentionDays,
    });
    const publisher = kafka.publisher();
    const admin = kafka.admin();
    const topics = async () => [
      ...catalogueTopics(),
      ...(await registeredTypes(database)).flatMap(topicsOf),
    ];
    const relayId = `${hostname()}/${newEventId()}`;
    const relay = createRelay({ database, publisher, relayId, clock, logger, settings: config });
    return {
      parts: [
        part,
        { name: 'kafka admin', start: () => Promise.resolve(), stop: () => admin.close() },
        publisher,
        topicProvisioning({ admin, topics, readiness, logger }),
        relay,
      ],
      probes: [probe, { name: 'kafka', check: () => admin.ping(), whenFailing: 'degraded' }],
      insights: { relay: () => Promise.resolve(relay.status()) },
    };
  },
});

await runService(definition);
