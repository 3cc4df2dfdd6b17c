import { afterEach, describe, expect, it } from '@jest/globals';
import { Readiness } from '@nova/lifecycle';
import { EventSchema } from '@nova/proto/gen/events/event_pb';
import {
  ConsumerPhase,
  type ConsumerSchema,
  DeliveryCondition,
  OpsService,
} from '@nova/proto/gen/ops/ops_service_pb';
import { create, type MessageInitShape } from '@nova/proto/runtime';
import { createServer, developmentIdentity, implement } from '@nova/rpc';
import { silentLogger } from '@nova/telemetry';
import { systemClock } from '@nova/time';
import { LastEvents } from './last-events.ts';
import { type AppliedWait, waitApplied } from './wait-applied.ts';
import { finishDocument, waitingLine, whatIsLeft } from './wait-report.ts';

type Told = MessageInitShape<typeof ConsumerSchema>;

const servers: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const running: Told = { phase: ConsumerPhase.RUNNING };

const notAsked = () => Promise.reject(new Error('not asked'));

/** A consumer that tells what is given, one look after the other; the last one goes on. */
async function consumerThat(
  service: string,
  looks: readonly Told[],
  conditionOf: () => DeliveryCondition = () => DeliveryCondition.APPLIED,
) {
  let look = 0;
  const asked: bigint[] = [];
  const server = createServer({
    services: [
      implement(
        OpsService,
        {
          listConsumers: async () => {
            const told = looks[Math.min(look, looks.length - 1)];
            look += 1;
            return { consumers: [{ service, consumer: 'views', generation: 1, ...told }] };
          },
          getDeliveryState: async ({ aggregateVersion }) => {
            asked.push(aggregateVersion);
            return { states: [{ service, consumer: 'views', condition: conditionOf() }] };
          },
          listParked: notAsked,
          listParkedGroups: notAsked,
          getParked: notAsked,
          listParkedEffects: notAsked,
          tryParked: notAsked,
          startParkedAct: notAsked,
          getParkedAct: notAsked,
          listParkedActs: notAsked,
          cancelParkedAct: notAsked,
          replayEvents: notAsked,
          startRebuild: notAsked,
          getRebuild: notAsked,
          cancelRebuild: notAsked,
        },
        {
          listConsumers: 'admin',
          getDeliveryState: 'admin',
          listParked: 'admin',
          listParkedGroups: 'admin',
          getParked: 'admin',
          listParkedEffects: 'admin',
          tryParked: 'admin',
          startParkedAct: 'admin',
          getParkedAct: 'admin',
          listParkedActs: 'admin',
          cancelParkedAct: 'admin',
          replayEvents: 'admin',
          startRebuild: 'admin',
          getRebuild: 'admin',
          cancelRebuild: 'admin',
        },
      ),
    ],
    logger: silentLogger,
    readiness: new Readiness(),
    identity: developmentIdentity,
    address: { host: '127.0.0.1', port: 0 },
  });
  await server.start();
  servers.push(server);
  const registered = {
    name: `${service}/views`,
    service,
    consumer: 'views',
    generation: 1,
    eventTypes: ['message_created'],
    lastSeenAt: '2023-11-14T22:13:20.000000Z',
    addresses: [server.address],
    lastAddress: server.address,
  };
  return { registered, asked, looks: () => look };
}

function lastEvents() {
  const last = new LastEvents();
  const note = (eventType: string, partition: number, position: number) =>
    last.note(
      create(EventSchema, {
        eventType,
        topic: `nova_events_${eventType}`,
        partition,
        position: `abc-${String(position).padStart(19, '0')}`,
        aggregateId: `${eventType} ${partition}`,
        aggregateVersion: BigInt(position),
      }),
    );
  note('message_created', 1, 7);
  note('message_created', 1, 5);
  note('message_created', 2, 6);
  note('user_created', 1, 9);
  return last.all();
}

function wait(fields: Pick<AppliedWait, 'registered'> & Partial<AppliedWait>) {
  const progress: string[] = [];
  return {
    progress,
    ended: waitApplied({
      last: lastEvents(),
      clock: systemClock,
      startedMs: systemClock.monotonicMs(),
      signal: new AbortController().signal,
      deadlineMs: 5_000,
      onProgress: (standings) => progress.push(waitingLine(standings)),
      ...fields,
    }),
  };
}

describe('waiting for consumers', () => {
  it('ends when none has lag, effects or retries, and each has the last event of each partition', async () => {
    const behind = { ...running, lagEvents: 1_234n };
    const messaging = await consumerThat('messaging', [behind, running]);
    const effects = { ...running, pendingEffects: 3n };
    const notification = await consumerThat('notification', [effects, effects, running]);
    const { ended, progress } = wait({
      registered: async () => [messaging.registered, notification.registered],
    });
    const consumers = await ended;
    expect(consumers).toMatchObject([
      { service: 'messaging', state: 'applied' },
      { service: 'notification', state: 'applied' },
    ]);
    expect(consumers[1]?.waited_ms).toBeGreaterThan(consumers[0]?.waited_ms ?? 0);
    expect(progress[0]).toBe('waiting for messaging/views 1,234, notification/views 3 effects');
    // Of partition 1 the later one only; not of the type that it does not consume.
    expect(messaging.asked).toEqual([7n, 6n]);
  });

  it('does not believe in no lag while a last event is still on its way', async () => {
    let condition = DeliveryCondition.WAITING;
    const messaging = await consumerThat('messaging', [running], () => condition);
    const { ended } = wait({ registered: async () => [messaging.registered] });
    while (messaging.asked.length < 2) await new Promise(setImmediate);
    condition = DeliveryCondition.APPLIED;
    const looksBefore = messaging.looks();
    expect(await ended).toMatchObject([{ state: 'applied' }]);
    expect(messaging.looks()).toBeGreaterThan(looksBefore);
  });

  it('ends at the deadline and says who is behind', async () => {
    const slow = await consumerThat('search', [{ ...running, lagEvents: 5n }]);
    const quick = await consumerThat('messaging', [running]);
    const { ended } = wait({
      registered: async () => [slow.registered, quick.registered],
      deadlineMs: 400,
    });
    const consumers = await ended;
    expect(consumers).toMatchObject([
      { service: 'messaging', state: 'applied' },
      { service: 'search', state: 'behind', lag_events: 5n, waited_ms: undefined },
    ]);
    const finish = { inKafka: true, inKafkaMs: 1, ms: 400, consumers };
    expect(whatIsLeft(finish)).toContain('not all in the views of search/views (behind)');
    expect(finishDocument(finish)).toMatchObject({ in_kafka: true, in_views: false });
  });

  it('does not wait for what does not run, and names what is parked', async () => {
    const parked = await consumerThat(
      'messaging',
      [{ ...running, parkedAggregates: 1n, parkedEvents: 2n }],
      () => DeliveryCondition.PARKED,
    );
    const gone = { ...parked.registered, name: 'counting/views', service: 'counting' };
    const { ended } = wait({
      registered: async () => [{ ...gone, addresses: [] }, parked.registered],
    });
    const consumers = await ended;
    expect(consumers).toMatchObject([
      { service: 'counting', state: 'not_running' },
      { service: 'messaging', state: 'parked' },
    ]);
    const finish = { inKafka: true, inKafkaMs: 1, ms: 400, consumers };
    expect(whatIsLeft(finish)).toContain('messaging/views (parked)');
  });
});
