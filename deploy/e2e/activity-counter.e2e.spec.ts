import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topicOf } from '@nova/events';
import { deleteRecords } from '@nova/kafka/testing';
import { PublishMode } from '@nova/proto/gen/events/event_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, createClient } from '@nova/rpc';
import { waitFor } from '@nova/testkit';
import { commandsOf } from './document.ts';
import { EXAMPLE, exampleBeside } from './example-service.ts';
import { prepareStack, root } from './stack.ts';
import { psql } from './witness.ts';

const OFFSET = 9000;
const CONVERSATIONS = Array.from({ length: 20 }, () => randomUUID());
const BATCHES = 15;
const BATCH = 100;

/** What of `/health/cqrs` is looked at here. */
interface Insights {
  readonly consumers: readonly {
    readonly groupId: string;
    readonly phase: string;
    readonly lagEvents: number;
    readonly parkedEvents: number;
  }[];
}

const stack = prepareStack(OFFSET);
const example = exampleBeside(stack);
const { databaseUrl, opsPort, grpcPort } = example;
const published = new Map<string, { messages: number; members: number }>();
let events: Client<typeof EventsService>;

/** Stores a batch of both event types; each conversation gets some of both. */
async function publishBatch(batch: number): Promise<void> {
  const given = Array.from({ length: BATCH }, (_, n) => {
    const aggregateId = CONVERSATIONS[(batch * 7 + n) % CONVERSATIONS.length] ?? '';
    const count = published.get(aggregateId) ?? { messages: 0, members: 0 };
    published.set(aggregateId, count);
    if ((batch + n) % 3 === 0) {
      count.members += 1;
      return { eventType: 'member_added', aggregateId, payload: { user_id: randomUUID() } };
    }
    count.messages += 1;
    const payload = { message_id: randomUUID(), sender_id: randomUUID(), content: `message ${n}` };
    return { eventType: 'message_created', aggregateId, payload };
  });
  const { results } = await events.publishEvents({ events: given, mode: PublishMode.EACH });
  expect(results.filter(({ outcome }) => outcome.case !== 'event')).toEqual([]);
}

const shown = () =>
  psql(
    databaseUrl,
    'SELECT coalesce(sum(messages + members_added), 0) FROM views_g1.activity_view',
  ).then(
    ([row]) => Number(row?.[0]),
    // Before the consumer has made its tables.
    () => 0,
  );

const shows = (atLeast: number) =>
  waitFor(async () => (await shown()) >= atLeast, {
    withinMs: 30_000,
    what: `a view of ${atLeast} events\n${example.log().slice(-3000)}`,
  });

async function counts(): Promise<readonly string[]> {
  const rows = await psql(
    databaseUrl,
    'SELECT conversation_id, messages, members_added FROM views_g1.activity_view',
  );
  return rows.map((row) => row.join(' ')).sort();
}

async function ops(path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${opsPort}${path}`);
  return response.text();
}

/** Throws which part is not ready, and why: what a probe saw last is up to 3 s old. */
async function isReady(): Promise<true> {
  const told = await ops('/health/ready');
  if (!told.includes('"status":"ready"')) throw new Error(told);
  return true;
}

describe('the example of a service of another team', () => {
  beforeAll(async () => {
    const { code, stderr } = await stack.nova('up', '--detach');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    events = createClient(EventsService, {
      address: `localhost:${stack.port(50051)}`,
      deadlineMs: 10_000,
    });
  }, 120_000);

  afterAll(async () => {
    events.close();
    example.remove();
    await stack.remove();
  }, 60_000);

  it('has at most 60 lines', () => {
    const files = [
      'main.ts',
      'views/activity_view/activity-view.ts',
      'views/activity_view/table.sql',
    ];
    const lines = files.map(
      (file) => readFileSync(join(EXAMPLE, file), 'utf8').split('\n').length - 1,
    );
    expect(lines.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(60);
  });

  it('comes to life by the commands of docs/write-a-service.md as they stand', async () => {
    const commands = commandsOf('docs/write-a-service.md').map((command) =>
      command.replaceAll('localhost:50170', `localhost:${opsPort}`),
    );
    const output: string[] = [];
    for (const command of commands) {
      if (/^node /m.test(command)) {
        example.startBy(stack.moved(command));
        await waitFor(() => ops('/health/ready'), { withinMs: 30_000, what: 'the example' });
        continue;
      }
      const { code, stdout, stderr } = await stack.shell(command);
      expect({ command, code, stderr: code === 0 ? '' : stderr }).toMatchObject({ code: 0 });
      output.push(stdout);
      if (command.startsWith('./nova publish')) await shows(1);
    }
    published.set('550e8400-e29b-41d4-a716-446655440000', { messages: 1, members: 0 });
    expect(output.join('')).toMatch(/550e8400-e29b-41d4-a716-446655440000 \| +1 \| +0 \|/);
    expect(output.join('')).toMatch(/activity-counter\/views +running/);
    await example.end('SIGTERM');
  }, 90_000);

  it('counts each event once, also when it is killed in the middle', async () => {
    await example.start();
    for (let batch = 0; batch < BATCHES / 3; batch += 1) await publishBatch(batch);
    await shows(2);
    await example.end('SIGKILL');
    for (let batch = BATCHES / 3; batch < BATCHES; batch += 1) await publishBatch(batch);
    expect(await shown()).toBeLessThanOrEqual((BATCHES / 3) * BATCH + 1);
    await example.start();
    await shows(BATCHES * BATCH + 1);
    const expected = [...published].map(
      ([id, { messages, members }]) => `${id} ${messages} ${members}`,
    );
    expect(await counts()).toEqual(expected.sort());
    const logged = await psql(
      await stack.databaseUrl('nova_events'),
      `SELECT aggregate_id, count(*) FILTER (WHERE event_type = 'message_created'),
              count(*) FILTER (WHERE event_type = 'member_added')
       FROM outbox_events GROUP BY aggregate_id`,
    );
    expect(await counts()).toEqual(logged.map((row) => row.join(' ')).sort());
  }, 180_000);

  it('tells how it is doing', async () => {
    const told = await waitFor(
      async () => {
        // The shape that is asserted here.
        const { consumers } = JSON.parse(await ops('/health/cqrs')) as Insights;
        expect(consumers[0]).toMatchObject({ phase: 'running', lagEvents: 0 });
        return consumers[0];
      },
      { withinMs: 10_000, what: 'no lag' },
    );
    expect(told).toMatchObject({ groupId: 'nova.activity-counter.views', parkedEvents: 0 });
    await waitFor(isReady, { withinMs: 10_000, what: 'the example is ready' });
    const members = await psql(
      await stack.databaseUrl('nova_events'),
      `SELECT service, consumer, generation, ops_address, event_types FROM consumer_members
       WHERE service = 'activity-counter'`,
    );
    expect(members).toEqual([
      ['activity-counter', 'views', '1', `127.0.0.1:${grpcPort}`, '{member_added,message_created}'],
    ]);
    const metrics = await ops('/metrics');
    expect(metrics).toMatch(
      /^cqrs_consumer_lag_messages\{.*topic="nova_events_member_added".*\} 0$/m,
    );
    expect(metrics).toMatch(/^nova_parked_events\{.*\} 0$/m);
  }, 30_000);

  it('is found by nova status and nova trace, beside the consumers of nova', async () => {
    await waitFor(
      async () => {
        const status = await stack.nova('status', '-o', 'json');
        // What of `nova status -o json` is asserted here.
        const { consumers } = JSON.parse(status.stdout) as { consumers: { service: string }[] };
        expect(consumers.find(({ service }) => service === 'activity-counter')).toMatchObject({
          consumer: 'views',
          state: 'running',
          generation: 1,
          lag_events: '0',
          parked_aggregates: '0',
        });
        return true;
      },
      { withinMs: 30_000, what: 'the example in nova status' },
    );
    const [[eventId = '', version = ''] = []] = await psql(
      await stack.databaseUrl('nova_events'),
      `SELECT event_id, aggregate_version FROM outbox_events
       WHERE event_type = 'message_created' ORDER BY position DESC LIMIT 1`,
    );
    const traced = await stack.nova('trace', eventId, '-o', 'json');
    const told: unknown = JSON.parse(traced.stdout);
    expect(told).toMatchObject({
      event: { event_id: eventId, aggregate_version: version },
      kafka: { topic: 'nova_events_message_created', state: 'published' },
      consumers: expect.arrayContaining([
        expect.objectContaining({ service: 'activity-counter', state: 'applied' }),
      ]),
    });
    const unknown = await stack.nova('trace', randomUUID());
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('has no event') });
  }, 90_000);

  it('has from the log what Kafka lost, and nova trace says so', async () => {
    await example.end('SIGTERM');
    const aggregateId = randomUUID();
    const had = await shown();
    const payload = { message_id: randomUUID(), sender_id: randomUUID(), content: 'lost' };
    const lost = await events.publishEvent({ eventType: 'message_created', aggregateId, payload });
    const eventId = lost.event?.eventId ?? '';
    const trace = async () =>
      // The shape that is asserted here.
      JSON.parse((await stack.nova('trace', eventId, '-o', 'json')).stdout) as {
        kafka: { state: string };
        consumers: { service: string; state: string; filled_at?: string }[];
      };
    await waitFor(async () => (await trace()).kafka.state === 'published', {
      withinMs: 30_000,
      what: 'the record in Kafka',
    });
    await deleteRecords([`localhost:${stack.port(9092)}`], topicOf('message_created'));
    await events.publishEvent({
      ...{ eventType: 'member_added', aggregateId, payload: { user_id: randomUUID() } },
    });
    await example.start();
    await waitFor(async () => (await shown()) === had + 2, {
      withinMs: 60_000,
      what: `both events\n${example.log().slice(-3000)}`,
    });
    const { consumers } = await trace();
    expect(consumers.find(({ service }) => service === 'activity-counter')).toMatchObject({
      state: 'applied',
      filled_at: expect.stringContaining('T'),
    });
  }, 120_000);

  it('drains when it is told to stop', async () => {
    expect(await example.end('SIGTERM')).toEqual([0, null]);
  }, 30_000);

  it('has an event type of its own by the schema of docs/schemas.md, and is told what would break it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nova-schemas-'));
    const file = join(folder, 'order_placed.json');
    const quoted = /```json\n([\s\S]*?)```/.exec(
      readFileSync(join(root, 'docs/schemas.md'), 'utf8'),
    );
    writeFileSync(file, quoted?.[1] ?? '');
    const schema = (...args: string[]) => stack.nova('schema', ...args);
    const owner = ['--aggregate-type', 'order', '--owner', 'shop'];
    try {
      const registered = await schema('register', 'order_placed', file, ...owner);
      expect(registered).toMatchObject({ code: 0, stderr: '' });
      expect(registered.stdout).toContain('version 1 registered: BACKWARD');
      const publish = (payload: unknown) =>
        stack.nova(
          'publish',
          'order_placed',
          CONVERSATIONS[0] ?? '',
          '-p',
          JSON.stringify(payload),
        );
      const lines = [{ sku: 'tea', count: 2 }];
      expect((await publish({ total_cents: 1, currency: 'EUR', lines })).code).toBe(0);
      const refused = await publish({ total_cents: -1, currency: 'EUR', lines });
      expect(refused.stderr).toContain('payload.total_cents: must be >= 0');
      const narrower = JSON.parse(readFileSync(file, 'utf8')) as { required: string[] };
      narrower.required.push('coupon');
      writeFileSync(file, JSON.stringify(narrower));
      expect(await schema('check', 'order_placed', file)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('payload.coupon: is required'),
      });
      const diff = await schema('diff', 'message_created', file);
      expect(diff.stdout).toContain('breaks messaging/views\n');
      // It counts messages, and reads nothing of them.
      expect(diff.stdout).toContain('spares activity-counter/views: reads none of that\n');
      expect(diff.code).toBe(1);
      // The shape that tools/async-api.unit.spec.ts asserts.
      const document = JSON.parse((await schema('asyncapi')).stdout) as { operations: object };
      expect(Object.keys(document.operations)).toEqual(
        expect.arrayContaining([
          'publish_order_placed',
          'activity_counter_views_reads_message_created',
        ]),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
