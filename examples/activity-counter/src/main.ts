import { consumingSettings, defineService, runService } from '@nova/service-kit';
import { activityView } from './views/activity_view/activity-view.ts';

const definition = defineService({
  name: 'activity-counter',
  ports: { grpc: 50_070, ops: 50_170 },
  settings: consumingSettings('ACTIVITY'),
  consumer: ({ config }) => ({ config, views: [activityView] }),
});

await runService(definition);
