import { setting } from '@nova/config';
import { defineService, ownOutboxSettings, runService } from '@nova/service-kit';
import { httpApi } from './http-api.ts';

const definition = defineService({
  name: 'orders',
  ports: { ops: 50_171 },
  settings: {
    ...ownOutboxSettings('ORDERS'),
    httpPort: setting.integer({
      env: 'NOVA_ORDERS_HTTP_PORT',
      doc: 'Port of the HTTP API.',
      default: 8090,
      max: 65_535,
    }),
  },
  outbox: ({ config }) => ({ config, migrations: new URL('../migrations/', import.meta.url) }),
  build({ config }, _, outbox) {
    const parts = outbox === undefined ? [] : [httpApi(outbox, config.httpPort)];
    return { parts, probes: [] };
  },
});

await runService(definition);
