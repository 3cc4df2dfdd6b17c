import { setting } from '@nova/config';
import { connectionSettings, settings as kafkaSettings } from '@nova/kafka';
import { relaySettings } from '@nova/outbox';
import { databaseSettings } from '@nova/postgres';

// It creates the topics of types that are registered.
const { kafkaReplicationFactor, kafkaMinInsyncReplicas, kafkaTopicRetentionDays } = kafkaSettings;

/** Settings of the gRPC process. */
export const settings = {
  ...databaseSettings('EVENTS'),
  ...connectionSettings,
  kafkaReplicationFactor,
  kafkaMinInsyncReplicas,
  kafkaTopicRetentionDays,
  migrationUrl: setting.optional(
    setting.url({
      env: 'NOVA_EVENTS_MIGRATION_URL',
      doc: 'Database URL that --migrate uses, of the owner of the tables; by default NOVA_EVENTS_DATABASE_URL.',
      protocols: ['postgres', 'postgresql'],
      secret: true,
    }),
  ),
  pageTokenSecret: setting.optional(
    setting.string({
      env: 'NOVA_EVENTS_PAGE_TOKEN_SECRET',
      doc: 'Authenticates page tokens, the same for all instances; by default made from the database URL.',
      secret: true,
    }),
  ),
  maintenanceIntervalMs: setting.integer({
    env: 'NOVA_EVENTS_MAINTENANCE_INTERVAL_MS',
    doc: 'Pause between the rounds that make partitions ahead and purge what has expired.',
    default: 60_000,
    min: 1_000,
  }),
};

/** Settings of the relay process. */
export const settingsOfRelay = {
  ...databaseSettings('EVENTS'),
  ...kafkaSettings,
  ...relaySettings,
};
