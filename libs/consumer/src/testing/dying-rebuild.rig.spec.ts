/**
 * A process that begins to rebuild the views of a database, folds half of the log, and then hangs until
 * it is killed. Run with the URL of the database.
 */
import { openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import { createConsumer } from '../index.ts';
import { MemorySource, MemoryTopics } from './memory-topics.ts';
import { outboxLog } from './outbox-log.rig.spec.ts';
import { members, rooms } from './rooms.ts';

const [, , url = ''] = process.argv;

const database = openDatabase({
  url,
  applicationName: 'dying-rebuild',
  poolSize: 5,
  statementTimeoutMs: 3000,
  logger: silentLogger,
});
const log = outboxLog(database);
const consumer = createConsumer({
  definition: { service: 'spec', name: 'views', views: [rooms, members], effects: [] },
  database,
  source: new MemorySource(new MemoryTopics()),
  log: {
    ...log,
    async *readLog(range) {
      for await (const window of log.readLog(range)) {
        const { events } = window;
        yield { ...window, events: events.slice(0, events.length / 2) };
        await new Promise<never>(() => {});
      }
    },
  },
  logger: silentLogger,
  // All that it was given is applied, in whichever strand it is.
  settings: { roundEvents: 1 },
});
await consumer.start();
while (consumer.status().phase !== 'running') await sleep(20);
await consumer.rebuilding.begin({ who: 'ada', reason: 'a row was lost by hand' });
