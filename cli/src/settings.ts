import { setting } from '@nova/config';

/** Settings that the command line reads itself. */
export const settings = {
  debug: setting.optional(
    setting.string({
      env: 'NOVA_DEBUG',
      doc: 'When set, an error is printed with its stack and its causes.',
    }),
  ),
  noColor: setting.optional(
    setting.string({ env: 'NO_COLOR', doc: 'When set, nothing is printed in colour.' }),
  ),
  eventsUrl: setting.optional(
    setting.string({
      env: 'NOVA_EVENTS_URL',
      doc: 'host:port of events-service; by default the local one of ./nova up.',
    }),
  ),
};
