import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { MessagingService } from '@nova/proto/gen/messaging/messaging_service_pb';
import { NotificationService } from '@nova/proto/gen/notification/notification_service_pb';
import { OpsService } from '@nova/proto/gen/ops/ops_service_pb';
import { SearchService } from '@nova/proto/gen/search/search_service_pb';
import type { DescService } from '@nova/proto/runtime';
import { type FuzzReport, fuzz } from '@nova/rpc/testing';
import { type TestProcess, testStack } from '@nova/testkit';

const run = promisify(execFile);

/** What was sent to one service, and how its process took it. */
export interface Fuzzed extends FuzzReport {
  readonly service: string;
  /** Bytes of memory of the process: after half of the requests, and at the end. */
  readonly memory: { readonly early: number; readonly late: number };
  readonly alive: boolean;
}

const USER = '11111111-2222-4333-8444-555555555555';
const OTHER = '11111111-2222-4333-8444-666666666666';
const CONVERSATION = '550e8400-e29b-41d4-a716-446655440000';
const MESSAGE = '7d5a0000-e29b-41d4-a716-446655440000';
const WORDS = [
  USER,
  OTHER,
  CONVERSATION,
  MESSAGE,
  'message_created',
  'conversation_created',
  'user_created',
  'conversation',
  'user',
  'direct',
  'group',
  'member',
  'hello world',
];
const payload = { message_id: MESSAGE, sender_id: USER, content: 'hello' };
const event = { eventType: 'message_created', aggregateId: CONVERSATION, payload };
const ONE = { aggregateType: 'conversation', aggregateId: CONVERSATION };
const schema = {
  type: 'object',
  properties: { a: { anyOf: [{ type: 'string', pattern: '^a' }, { $ref: '#' }] } },
};
const inConversation = { conversationId: CONVERSATION, userId: USER };

/** Requests that get past the checks of their methods. */
const GOOD = {
  'events.EventsService/PublishEvent': [
    event,
    { eventType: 'message_created', aggregateId: OTHER, payload },
    { ...event, eventId: OTHER, notBefore: { seconds: 1_800_000_000n } },
    { ...event, expiresAt: { seconds: 4_000_000_000n }, requestId: MESSAGE },
  ],
  'events.EventsService/CancelScheduledEvent': [{ eventId: OTHER }],
  'events.EventsService/ListScheduledEvents': [{}, { eventType: 'message_created', pageSize: 1 }],
  'events.EventsService/PublishEvents': [{ events: [event, event], mode: 2 }],
  'events.EventsService/PublishStream': [{ event }, { event, requestId: MESSAGE }],
  'events.EventsService/SubscribeToEvents': [
    { from: { case: 'beginning', value: true }, eventTypes: ['message_created'] },
    { aggregateIdPrefix: '550e', aggregateTypes: ['conversation'], tenant: 'a' },
    { from: { case: 'time', value: { seconds: 1_700_000_000n } }, aggregateId: CONVERSATION },
  ],
  'events.EventsService/RegisterEventSchema': [
    { eventType: 'order_placed', aggregateType: 'order', owner: 'shop', schema },
    { eventType: 'order_placed', schema: { ...schema, title: 'x' }, compatibility: 7 },
  ],
  'events.EventsService/CheckEventSchema': [
    { eventType: 'order_placed', schema, compatibility: 6 },
    { eventType: 'message_created', schema },
  ],
  'events.EventsService/GetEventSchema': [
    { eventType: 'order_placed', version: 1 },
    { eventType: 'message_created' },
  ],
  'events.EventsService/ListEventSchemas': [
    { includeBuiltIn: true, pageSize: 1 },
    { owner: 'shop' },
  ],
  'events.EventsService/DeprecateEventSchema': [
    { eventType: 'order_placed', reason: 'user' },
    { eventType: 'order_placed', undo: true },
  ],
  'events.EventsService/CreateSubscription': [
    { name: 'conversation', from: { case: 'beginning', value: true } },
    { name: 'user', filter: { eventTypes: ['message_created'] }, strategy: 3, maxAttempts: 2 },
  ],
  'events.EventsService/GetSubscription': [{ name: 'conversation' }],
  'events.EventsService/ListSubscriptions': [{ pageSize: 1 }],
  'events.EventsService/UpdateSubscription': [{ name: 'user', ackTimeout: { seconds: 5n } }],
  'events.EventsService/Consume': [
    { content: { case: 'start', value: { subscription: 'conversation', credits: 10 } } },
  ],
  'events.EventsService/ListSubscriptionParked': [{ subscription: 'conversation' }],
  'events.EventsService/ReplaySubscriptionParked': [
    { selection: { subscription: 'conversation' } },
  ],
  'events.EventsService/DiscardSubscriptionParked': [{ selection: { subscription: 'user' } }],
  'events.EventsService/ReplayEvents': [
    { subscription: 'conversation', reason: 'r' },
    { subscription: 'user', dryRun: true, fromTime: { seconds: 1_700_000_000n } },
  ],
  'events.EventsService/CancelReplay': [{ id: MESSAGE }],
  'events.EventsService/GetEventStats': [{}, { period: { seconds: 60n } }],
  'events.EventsService/GetEvent': [{ eventId: MESSAGE }],
  'events.EventsService/GetEventsByAggregate': [
    { aggregateType: 'conversation', aggregateId: CONVERSATION },
  ],
  'events.EventsService/GetEventsByType': [{ eventType: 'message_created' }],
  'events.EventLog/ReadLog': [{ follow: false }, { follow: true }],
  'messaging.MessagingService/CreateConversation': [
    { kind: 'direct', memberIds: [OTHER], userId: USER },
    { kind: 'group', name: 'g', memberIds: [OTHER], userId: USER },
  ],
  'messaging.MessagingService/SendMessage': [{ ...inConversation, content: 'hello' }],
  'messaging.MessagingService/AddMember': [{ ...inConversation, memberId: OTHER }],
  'messaging.MessagingService/RemoveMember': [{ ...inConversation, memberId: OTHER }],
  'messaging.MessagingService/MarkAsRead': [inConversation],
  'messaging.MessagingService/GetConversation': [inConversation],
  'messaging.MessagingService/GetMessageHistory': [inConversation],
  'messaging.MessagingService/ListUserConversations': [{ userId: USER }],
  'notification.NotificationService/GetNotifications': [{ userId: USER }],
  'notification.NotificationService/MarkAllNotificationsAsRead': [{ userId: USER }],
  'ops.OpsService/GetParked': [ONE],
  'ops.OpsService/TryParked': [ONE],
  'ops.OpsService/ListParked': [
    { selection: { ...ONE, failedSince: { seconds: 1_700_000_000n } } },
  ],
  'ops.OpsService/GetParkedAct': [{ actId: MESSAGE }],
  'ops.OpsService/StartParkedAct': [
    { requestId: MESSAGE, kind: 1, reason: 'r', selection: { case: 'aggregates', value: ONE } },
    { requestId: OTHER, kind: 2, reason: 'r', selection: { case: 'effects', value: {} } },
  ],
  'search.SearchService/FullTextSearch': [{ query: 'hello', userId: USER }],
  'search.SearchService/SearchMessages': [{ query: 'hello world', userId: USER }],
};

const CONSUMING: readonly { area: string; service: DescService }[] = [
  { area: 'messaging', service: MessagingService },
  { area: 'notification', service: NotificationService },
  { area: 'search', service: SearchService },
];

/**
 * Starts every service as a process and fuzzes one after the other, with so many requests in all, and
 * for at most `withinMs` in all. The same seed makes the same requests.
 */
export async function fuzzStack(given: {
  readonly requests: number;
  readonly seed: number;
  readonly withinMs: number;
  /** For each service, whatever time it takes. */
  readonly atLeast?: number;
}): Promise<readonly Fuzzed[]> {
  const requests = Math.ceil(given.requests / (CONSUMING.length + 1));
  const withinMs = given.withinMs / (CONSUMING.length + 1);
  const stack = await testStack();
  try {
    const targets = [{ name: 'events', process: stack.log, services: [EventsService, EventLog] }];
    const others = await Promise.all(
      CONSUMING.map(async ({ area, service }) => ({
        name: area,
        process: await (await stack.service(area)).start(),
        services: [service, OpsService] as DescService[],
      })),
    );
    const reports: Fuzzed[] = [];
    for (const target of [...targets, ...others]) {
      const { atLeast = 0, seed } = given;
      reports.push(await fuzzed(target, { requests, withinMs, atLeast, seed }));
    }
    return reports;
  } finally {
    await stack.remove();
  }
}

async function fuzzed(
  target: { name: string; process: TestProcess; services: readonly DescService[] },
  how: { requests: number; withinMs: number; atLeast: number; seed: number },
): Promise<Fuzzed> {
  const { address } = target.process;
  const send = (share: number, seed: number) =>
    fuzz({
      port: Number(address.split(':')[1]),
      services: target.services,
      good: GOOD,
      words: WORDS,
      requests: Math.ceil(how.requests * share),
      withinMs: how.withinMs * share,
      atLeast: how.atLeast * share,
      seed,
    });
  const first = await send(0.5, how.seed);
  const early = await memoryOf(target.process);
  const rest = await send(0.5, how.seed + 1_000_000);
  const late = await memoryOf(target.process);
  const statuses = { ...first.statuses };
  for (const [status, count] of Object.entries(rest.statuses)) {
    statuses[status] = (statuses[status] ?? 0) + count;
  }
  return {
    service: target.name,
    seed: how.seed,
    sent: first.sent + rest.sent,
    statuses,
    examples: { ...first.examples, ...rest.examples },
    answered: [...new Set([...first.answered, ...rest.answered])].sort(),
    bad: [...first.bad, ...rest.bad],
    memory: { early, late },
    alive: late > 0,
  };
}

/** Resident bytes; 0 for a process that has ended. */
async function memoryOf(process: TestProcess): Promise<number> {
  const pid = process.pid();
  if (pid === undefined) return 0;
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim()) * 1024;
}
