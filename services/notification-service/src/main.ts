import { defineService, runService } from '@nova/service-kit';
import { settings } from './config.ts';
import { allEffects } from './effects/all-effects.ts';
import { notificationServices } from './rpc/service.ts';
import { allViews } from './views/all-views.ts';

const definition = defineService({
  name: 'notification-service',
  ports: { grpc: 50_053, ops: 50_153 },
  settings,
  consumer: ({ config }) => ({ config, views: allViews, effects: allEffects }),
  build: (_context, consuming) => ({
    parts: [],
    services: consuming === undefined ? [] : notificationServices(consuming),
    probes: [],
  }),
});

await runService(definition);
