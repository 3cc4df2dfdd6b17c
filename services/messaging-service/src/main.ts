import { defineService, runService } from '@nova/service-kit';
import { settings } from './config.ts';
import { messagingServices } from './rpc/service.ts';
import { views } from './views/views.ts';

const definition = defineService({
  name: 'messaging-service',
  ports: { grpc: 50_052, ops: 50_152 },
  settings,
  consumer: ({ config }) => ({ config, views }),
  build(_context, consuming) {
    if (consuming === undefined) throw new TypeError('messaging-service consumes');
    return { parts: [], probes: [], services: messagingServices(consuming) };
  },
});

await runService(definition);
