import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EventForwarding } from '@nova/proto/gen/events/event_forwarding_pb';
import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { MessagingService } from '@nova/proto/gen/messaging/messaging_service_pb';
import { NotificationService } from '@nova/proto/gen/notification/notification_service_pb';
import { OpsService } from '@nova/proto/gen/ops/ops_service_pb';
import { SearchService } from '@nova/proto/gen/search/search_service_pb';
import type { DescService } from '@nova/proto/runtime';
import { type FuzzReport, fuzz } from '@nova/rpc/testing';
import { type TestProcess, testStack } from '@nova/testkit';
import { sleep } from '@nova/time';

const run = promisify(execFile);

/** What was sent to one service, and how its process took it. */
export interface Fuzzed extends FuzzReport {
  readonly service: string;
  /** Least bytes of memory of the process in each quarter of the requests. */
  readonly memory: readonly number[];
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

const FORWARDED = {
  event: { eventType: 'message_created', aggregateId: CONVERSATION, eventId: MESSAGE },
  aggregateType: 'conversation',
  sourceVersion: 1n,
};
const PAYLOAD = Buffer.from(JSON.stringify(payload));

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
  'events.EventForwarding/Forward': [
    { events: [{ ...FORWARDED, event: { ...FORWARDED.event, payload: PAYLOAD } }] },
    { events: [FORWARDED, { ...FORWARDED, sourceVersion: 2n }], lastPosition: '1' },
  ],
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

interface Target {
  readonly name: string;
  readonly process: TestProcess;
  readonly services: readonly DescService[];
  /** Who calls; by default somebody who may do everything. */
  readonly headers?: Readonly<Record<string, string>>;
}

const QUARTERS = 4;
/** With room V8 lets a heap grow before it looks for what is garbage: what is held would not show. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=256' };
/** How often memory is looked at. */
const LOOK_MS = 500;
const TEAM = { 'x-nova-service': 'orders', 'x-nova-roles': 'service' };
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
  const stack = await testStack(SMALL_HEAP);
  try {
    const { log } = stack;
    const others = CONSUMING.map(async ({ area, service }) => ({
      name: area,
      process: await (await stack.service(area)).start(),
      services: [service, OpsService],
    }));
    const targets: readonly Target[] = [
      { name: 'events', process: log, services: [EventsService, EventLog] },
      { name: 'forwarding', process: log, services: [EventForwarding, EventLog], headers: TEAM },
      ...(await Promise.all(others)),
    ];
    const { atLeast = 0, seed } = given;
    const requests = Math.ceil(given.requests / targets.length);
    const withinMs = given.withinMs / targets.length;
    const reports: Fuzzed[] = [];
    for (const target of targets)
      reports.push(await fuzzed(target, { requests, withinMs, atLeast, seed }));
    return reports;
  } finally {
    await stack.remove();
  }
}

async function fuzzed(
  { name, process, services, headers = {} }: Target,
  how: { requests: number; withinMs: number; atLeast: number; seed: number },
): Promise<Fuzzed> {
  const memory: number[] = [];
  const reports: FuzzReport[] = [];
  for (let quarter = 0; quarter < QUARTERS; quarter += 1) {
    const floor = leastMemoryOf(process);
    const report = await fuzz({
      port: Number(process.address.split(':')[1]),
      services,
      good: GOOD,
      headers,
      words: WORDS,
      requests: Math.ceil(how.requests / QUARTERS),
      withinMs: how.withinMs / QUARTERS,
      atLeast: how.atLeast / QUARTERS,
      seed: how.seed + quarter * 1_000_000,
    });
    reports.push(report);
    memory.push(await floor.stop());
  }
  return {
    service: name,
    seed: how.seed,
    sent: reports.reduce((sum, { sent }) => sum + sent, 0),
    statuses: summed(reports),
    examples: Object.fromEntries(reports.flatMap(({ examples }) => Object.entries(examples))),
    answered: [...new Set(reports.flatMap(({ answered }) => answered))].sort(),
    bad: reports.flatMap(({ bad }) => bad),
    memory,
    alive: (await memoryOf(process)) > 0,
  };
}

function summed(reports: readonly FuzzReport[]): Record<string, number> {
  const statuses: Record<string, number> = {};
  for (const [status, count] of reports.flatMap((report) => Object.entries(report.statuses)))
    statuses[status] = (statuses[status] ?? 0) + count;
  return statuses;
}

/** Looks at the memory of a process until it is stopped: between two collections it only rises. */
function leastMemoryOf(process: TestProcess): { stop(): Promise<number> } {
  const over = new AbortController();
  const looking = (async () => {
    let least = await memoryOf(process);
    while (!over.signal.aborted) {
      await sleep(LOOK_MS, over.signal);
      least = Math.min(least, await memoryOf(process));
    }
    return least;
  })();
  return {
    stop: () => {
      over.abort();
      return looking;
    },
  };
}

/** Resident bytes; 0 for a process that has ended. */
async function memoryOf(process: TestProcess): Promise<number> {
  const pid = process.pid();
  if (pid === undefined) return 0;
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim()) * 1024;
}
