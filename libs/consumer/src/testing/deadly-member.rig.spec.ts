/**
 * A process that consumes the log of a database, and dies as by kill -9 when it folds a poisonous
 * message. Run with the URL of the database.
 */
import { openDatabase } from '@nova/postgres';
import { defineView, on } from '@nova/projection';
import { MessageCreatedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import { silentLogger } from '@nova/telemetry';
import { createConsumer } from '../index.ts';
import { MemorySource, MemoryTopics } from './memory-topics.ts';
import { outboxLog } from './outbox-log.rig.spec.ts';
import { POISON, type Room } from './rooms.ts';

const [, , url = '', isMended] = process.argv;

const deadly = defineView<Room, 'conversation_id'>({
  name: 'room_view',
  version: 1,
  table: new URL('../testdata/room.sql', import.meta.url),
  key: ['conversation_id'],
  handlers: [
    on(MessageCreatedSchema, {
      keys: ({ aggregateId }) => [{ conversation_id: aggregateId }],
      fold: (row = { conversation_id: '', title: null, messages: 0, story: [] }, event, key) => {
        if (event.payload.content === POISON && isMended !== 'mended') {
          process.kill(process.pid, 'SIGKILL');
          // The signal comes at once, but not before the next line.
          for (;;);
        }
        const story = [...row.story, `${event.eventType} ${event.version}`];
        return { ...row, ...key, messages: row.messages + 1, story };
      },
    }),
  ],
});

const database = openDatabase({
  url,
  applicationName: 'deadly',
  poolSize: 5,
  statementTimeoutMs: 3000,
  logger: silentLogger,
});
const consumer = createConsumer({
  definition: { service: 'spec', name: 'views', views: [deadly], effects: [] },
  database,
  source: new MemorySource(new MemoryTopics()),
  log: outboxLog(database),
  logger: silentLogger,
  // Everything is read from the log again and again.
  settings: { tailIntervalMs: 200, tailGraceMs: 0 },
});
await consumer.start();
