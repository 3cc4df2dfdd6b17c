import { consumingSettings, defineService, runService } from '@nova/service-kit';
import { orderView } from './views/order_view/order-view.ts';

const definition = defineService({
  name: 'order-board',
  ports: { grpc: 50_072, ops: 50_172 },
  settings: consumingSettings('ORDER_BOARD'),
  consumer: ({ config }) => ({ config, views: [orderView] }),
});

await runService(definition);
