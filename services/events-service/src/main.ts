import { connectionOptions, openKafka } from '@nova/kafka';
import { append, createWaker } from '@nova/outbox';
import { createValidator } from '@nova/schemas';
import { createPageTokens, databasePart, defineService, runService } from '@nova/service-kit';
import { settings } from './config.ts';
import { eventsServices } from './rpc/service.ts';
import { createAppendQueue } from './storage/append-queue.ts';
import { createEventTypes } from './storage/event-types.ts';
import { createLogGrowth } from './storage/log-growth.ts';
import { maintenance } from './storage/maintenance.ts';
import { migrateLog } from './storage/migrate-log.ts';
import { createPublishProgress } from './storage/publish-progress.ts';
import { createScheduler } from './storage/scheduler.ts';
import { createSubscriptionHub } from './storage/subscriptions/hub.ts';

const definition = defineService({
  name: 'events-service',
  ports: { grpc: 50_051, ops: 50_151 },
  settings,
  commands: {
    migrate: { doc: 'create or update the tables of the log, and exit', run: migrateLog },
  },
  build({ config, logger, clock }) {
    const { database, part, probe } = databasePart(config, { name: 'events-service', logger });
    // Makes the topics of types that are registered; publishing is the relay's, and goes on without.
    const kafka = openKafka({
      ...connectionOptions(config),
      clientId: 'events-service',
      logger,
      replicationFactor: config.kafkaReplicationFactor,
      minInsyncReplicas: config.kafkaMinInsyncReplicas,
      topicRetentionDays: config.kafkaTopicRetentionDays,
    }).admin();
    const growth = createLogGrowth(database);
    const progress = createPublishProgress(database, clock);
    const waker = createWaker(database);
    const wake = () => {
      growth.tell();
      waker.wake();
    };
    const queue = createAppendQueue({ append: (units) => append(database, units), wake, clock });
    const validator = createValidator();
    const types = createEventTypes({ database, validator, logger });
    const scheduler = createScheduler({ database, logger, wake });
    const subscriptions = createSubscriptionHub({ database, growth, clock, logger });
    const pageTokens = createPageTokens(config.pageTokenSecret ?? config.databaseUrl);
    return {
      parts: [
        part,
        { name: 'kafka admin', start: () => Promise.resolve(), stop: () => kafka.close() },
        growth.part,
        progress.part,
        scheduler.part,
        subscriptions.part,
        ...types.parts,
        maintenance({ database, logger, everyMs: config.maintenanceIntervalMs }),
      ],
      services: eventsServices({
        database,
        queue,
        types,
        validator,
        admin: kafka,
        growth,
        progress,
        scheduler,
        subscriptions,
        pageTokens,
        wake,
        clock,
        logger,
      }),
      probes: [probe, { name: 'kafka', check: () => kafka.ping(), whenFailing: 'degraded' }],
      insights: { outbox: progress.status },
    };
  },
});

await runService(definition);
