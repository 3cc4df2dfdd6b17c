import { defineService, runService } from '@nova/service-kit';
import { settings } from './config.ts';
import { searchService } from './rpc/service.ts';
import { postgresEngine } from './views/engine/postgres-engine.ts';
import { views } from './views/views.ts';

const definition = defineService({
  name: 'search-service',
  ports: { grpc: 50_054, ops: 50_154 },
  settings,
  consumer: ({ config }) => ({ config, views }),
  build({ config }, consuming) {
    if (consuming === undefined) throw new TypeError('search-service consumes');
    const { queries, pageTokens } = consuming;
    const service = searchService({
      queries,
      pageTokens,
      engineOver: (tx) => postgresEngine(tx, config),
    });
    return { parts: [], services: [service], probes: [] };
  },
});

await runService(definition);
