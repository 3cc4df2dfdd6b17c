import { type Settings, setting, type Values } from '@nova/config';
import { consumerSettings } from '@nova/consumer';
import { connectionSettings } from '@nova/kafka';
import { databaseSettings } from '@nova/postgres';

/** Where the log is reached. */
export const logSettings = {
  eventsUrl: setting.string({
    env: 'NOVA_EVENTS_URL',
    doc: 'host:port of events-service.',
    default: 'localhost:50051',
  }),
} satisfies Settings;

/**
 * The settings of a service that consumes: its own database (`NOVA_<AREA>_DATABASE_…`), Kafka, the
 * log, and how its consumer paces itself.
 */
export function consumingSettings(area: string) {
  return {
    ...databaseSettings(area),
    ...connectionSettings,
    ...logSettings,
    ...consumerSettings,
    fastMarks: setting.boolean({
      env: 'NOVA_CONSUMER_FAST_MARKS',
      doc: 'Whether Redis remembers what was applied, so that what comes again costs no transaction; needs NOVA_REDIS_URL.',
      default: false,
    }),
    pageTokenSecret: setting.optional(
      setting.string({
        env: `NOVA_${area}_PAGE_TOKEN_SECRET`,
        doc: 'Authenticates page tokens, the same for all instances; by default made from the database URL.',
        secret: true,
      }),
    ),
  };
}

/** The values of {@link consumingSettings}. */
export type ConsumingConfig = Values<ReturnType<typeof consumingSettings>>;
