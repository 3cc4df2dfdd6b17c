import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { partitionOf, recordHeaders, topicOf } from '@nova/events';
import { waitFor } from '@nova/testkit';
import { appendAll, newEvent } from '../testing/outbox-log.rig.spec.ts';
import { ParkedRooms, told } from '../testing/parked-rooms.rig.spec.ts';
import { POISON, setPoisonous, UNSTORABLE } from '../testing/rooms.ts';

let rig: ParkedRooms;

beforeEach(async () => {
  setPoisonous(true);
  rig = await ParkedRooms.open();
});
afterEach(() => rig.close());

const all = { includeRetrying: true };
const inPark = { includeRetrying: false };

describe('parking', () => {
  it('keeps why and where it failed, and the record as it came', async () => {
    const consumer = await rig.start();
    const [id, strange] = [crypto.randomUUID(), crypto.randomUUID()];
    const message = { message_id: id, sender_id: id, content: POISON };
    const [event] = await appendAll(rig.database, [newEvent('message_created', id, message)]);
    if (event === undefined) throw new TypeError('nothing was appended');
    const headers = { ...recordHeaders(event), traceparent: 'hop', 'x-note': 'as \u0000 it came' };
    const topic = topicOf('message_created');
    const partition = partitionOf(id, rig.topics.partitions);
    rig.topics.append({ topic, partition }, { key: id, value: event.payload, headers });
    await rig.say(strange, UNSTORABLE);
    await waitFor(() => consumer.status().parkedEvents === 2, { withinMs: 8000, what: 'failures' });
    const parked = await consumer.parking.show(
      { aggregateType: 'conversation', aggregateId: id },
      { afterVersion: 0n, limit: 10 },
    );
    expect(parked).toMatchObject({
      failedVersion: 1n,
      eventId: event.eventId,
      errorCode: 'RangeError',
      reason: 'poisoned',
      consumerVersion: expect.stringMatching(/^1\.2\.3\+[0-9a-f]{8}$/),
      frame: expect.stringMatching(/testing\/rooms\.ts:\d+\)$/),
      stack: expect.stringContaining('RangeError: poisoned'),
    });
    expect(parked?.events).toMatchObject([
      {
        topic,
        partition,
        offset: 0n,
        headers: { traceparent: 'hop', 'x-note': 'as \uFFFD it came' },
      },
    ]);
    expect(Buffer.from(parked?.events[0]?.payload ?? [])).toEqual(Buffer.from(event.payload));
    const groups = await consumer.parking.groups(all, 10);
    expect(groups.map(({ errorCode }) => errorCode).sort()).toEqual([
      'NOVA_POSTGRES_REFUSED',
      'RangeError',
    ]);
    // What the database said, and not that the transaction had failed.
    expect(groups.map(({ reason }) => reason).join()).toContain('out of range');
    const { fingerprint } = parked ?? { fingerprint: '' };
    const selection = { ...all, fingerprint, eventType: 'message_created' };
    const chosen = await consumer.parking.list({ selection, limit: 10 });
    expect(chosen.map(({ aggregateId }) => aggregateId)).toEqual([id]);
    const early = { ...all, failedBefore: '2020-01-01T00:00:00Z' };
    expect(await consumer.parking.list({ selection: early, limit: 10 })).toEqual([]);
  });

  it('replays in order what was selected, once, whichever of two members does it', async () => {
    const one = await rig.start();
    await rig.start();
    const ids = await rig.park(one, 6, 40);
    setPoisonous(false);
    const { actId, total } = await rig.begin(one, { perSecond: 20 });
    expect(total).toBe(6);
    // What fails after the selection was frozen is no part of it.
    const late = crypto.randomUUID();
    await rig.database.query(
      `INSERT INTO parked_aggregates (consumer, generation, aggregate_type, aggregate_id, state,
         failed_version, attempts, error_code, reason)
       VALUES ('views', 1, 'conversation', $1, 'parked', 1, 4, 'late', 'late')`,
      [late],
    );
    await waitFor(async () => (await one.parking.act(actId)).standing.state === 'done', {
      withinMs: 10_000,
      what: 'the end of the act',
    });
    const { standing } = await one.parking.act(actId);
    expect(standing).toMatchObject({ total: 6, done: 6, failed: 0, gone: 0 });
    for (const id of ids) expect(await rig.story(one, id)).toEqual(told(1, 41));
    const left = await one.parking.list({ selection: inPark, limit: 10 });
    expect(left.map(({ aggregateId }) => aggregateId)).toEqual([late]);
    expect(await one.parking.acts({ limit: 10 })).toMatchObject([
      { actId, who: 'ann', reason: 'it is mended', kind: 'replay' },
    ]);
  });

  it('copies each failing event once to the dead letters of its type', async () => {
    const consumer = await rig.start();
    const [id = ''] = await rig.park(consumer, 1, 1);
    await waitFor(() => rig.letters.length === 1, { withinMs: 8000, what: 'a letter' });
    await rig.act(consumer, {});
    const [letter] = rig.letters;
    expect(letter).toMatchObject({
      topic: 'nova_dlt_message_created',
      key: id,
      headers: {
        ce_subject: `conversation/${id}`,
        'kafka_dlt-original-topic': 'nova_events_message_created',
        'kafka_dlt-original-offset': Buffer.alloc(8),
        'kafka_dlt-original-consumer-group': 'nova.spec.views',
        'kafka_dlt-exception-fqcn': 'RangeError',
        'kafka_dlt-exception-stacktrace': expect.stringContaining('rooms.ts'),
        'kafka_dlt-exception-message': expect.any(String),
        nova_dlt_reason: expect.stringMatching(/./),
        nova_dlt_fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
        nova_dlt_first_failed_at: expect.stringMatching(/^\d{4}-/),
        nova_dlt_consumer: 'spec/views',
        nova_dlt_attempts: '4',
      },
    });
    expect(letter?.headers['kafka_dlt-original-partition']).toHaveLength(4);
    await waitFor(
      async () =>
        (await rig.database.query('SELECT 1 FROM parked_aggregates WHERE mirrored_at IS NOT NULL'))
          .length === 1,
      { withinMs: 8000, what: 'its being noted' },
    );
    expect(rig.letters).toHaveLength(1);
  });

  it('does not wait for hours when the clock of the database was put back while it paused', async () => {
    const consumer = await rig.start();
    const [id = ''] = await rig.park(consumer, 1, 2);
    setPoisonous(false);
    await rig.database.query(
      `UPDATE parked_aggregates SET state = 'retrying', next_attempt_at = clock_timestamp() + interval '2 h'
       WHERE aggregate_id = $1`,
      [id],
    );
    await waitFor(async () => (await rig.story(consumer, id)).length === 3, {
      withinMs: 30_000,
      what: 'its story',
    });
  }, 60_000);

  it('parks again at once what still fails, with one more attempt', async () => {
    const consumer = await rig.start();
    const [id = ''] = await rig.park(consumer, 1, 2);
    const standing = await rig.act(consumer, {});
    expect(standing).toMatchObject({ state: 'done', total: 1, failed: 1 });
    const { failed } = await consumer.parking.act(standing.actId);
    expect(failed).toMatchObject([{ aggregateId: id, detail: 'version 1: RangeError: poisoned' }]);
    const [parked] = await consumer.parking.list({ selection: inPark, limit: 10 });
    expect(parked).toMatchObject({ state: 'parked', waitingEvents: 3 });
    expect(parked?.attempts).toBeGreaterThan(4);
  });

  it('goes on without what is discarded, also in a rebuild, and applies it once it is mended', async () => {
    const consumer = await rig.start();
    const [id = ''] = await rig.park(consumer, 1, 3);
    const standing = await rig.act(consumer, { kind: 'discard', reason: 'a test message' });
    expect(standing).toMatchObject({ state: 'done', done: 1 });
    await waitFor(async () => (await rig.story(consumer, id)).length === 3, {
      withinMs: 8000,
      what: 'the followers',
    });
    expect(await rig.story(consumer, id)).toEqual(told(2, 4));
    await rig.say(id, 'later');
    await waitFor(async () => (await rig.story(consumer, id)).length === 4, {
      withinMs: 8000,
      what: 'a later one',
    });
    await consumer.rebuild();
    await waitFor(
      async () =>
        (await rig.story(consumer, id)).length === 4 && consumer.status().retryingAggregates === 0,
      { withinMs: 8000, what: 'the rebuilt story' },
    );
    expect(await rig.story(consumer, id)).toEqual(told(2, 5));
    expect(await consumer.parking.list({ selection: all, limit: 10 })).toEqual([]);
    setPoisonous(false);
    await consumer.rebuild();
    expect(await rig.story(consumer, id)).toEqual(told(1, 5));
  }, 30_000);

  it('tells what a replay would come to, and changes nothing', async () => {
    const consumer = await rig.start();
    const [id = ''] = await rig.park(consumer, 1, 2);
    const name = { aggregateType: 'conversation', aggregateId: id };
    expect(await consumer.parking.tryOut(name)).toMatchObject({
      outcome: 'would_fail',
      detail: 'version 1: RangeError: poisoned',
      applied: 0,
      tried: 3,
      changes: [],
    });
    setPoisonous(false);
    expect(await consumer.parking.tryOut(name)).toMatchObject({
      outcome: 'would_apply',
      applied: 3,
      changes: [
        { view: 'room_view', before: undefined, after: { conversation_id: id, messages: 3 } },
      ],
    });
    expect(await rig.room(consumer, id)).toBeUndefined();
    const [parked] = await consumer.parking.list({ selection: inPark, limit: 10 });
    expect(parked).toMatchObject({ state: 'parked', waitingEvents: 3 });
    expect(
      await consumer.parking.tryOut({ ...name, aggregateId: crypto.randomUUID() }),
    ).toMatchObject({ outcome: 'not_parked' });
  });

  it('keeps to the rate, and takes up nothing more once it is cancelled', async () => {
    const consumer = await rig.start();
    await rig.park(consumer, 5, 0);
    setPoisonous(false);
    const { actId } = await rig.begin(consumer, { perSecond: 1 });
    await waitFor(async () => (await consumer.parking.act(actId)).standing.done > 0, {
      withinMs: 5000,
      what: 'the first part',
    });
    const cancelled = await consumer.parking.cancel(actId, 'bob');
    expect(cancelled).toMatchObject({ state: 'cancelled', endedBy: 'bob' });
    expect(cancelled.done).toBeLessThan(4);
    const { standing } = await consumer.parking.act(actId);
    const left = await consumer.parking.list({ selection: inPark, limit: 10 });
    expect(left.length).toBeGreaterThan(0);
    // The part that was in work may have ended after the answer.
    expect(standing.done + left.length).toBeGreaterThanOrEqual(4);
  });

  it('replays and discards parked effects, and those behind them follow', async () => {
    const consumer = await rig.start({}, { withEffects: true });
    const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
    rig.notices.refuses = ({ payload }) => JSON.stringify(payload).includes('refuse');
    await rig.say(one, 'refuse me', 'after one');
    await rig.say(other, 'refuse me too', 'after other');
    await waitFor(() => consumer.status().parkedEffects === 2, {
      withinMs: 8000,
      what: 'parked effects',
    });
    const parked = await consumer.parking.effects({ selection: {}, limit: 10, after: 0n });
    expect(parked).toMatchObject([
      { effect: 'notice', target: one, reason: 'because', waitingBehind: 1 },
      { effect: 'notice', target: other },
    ]);
    const subject = 'effects' as const;
    const failed = await rig.act(consumer, { subject, selection: { target: one } });
    expect(failed).toMatchObject({ total: 1, failed: 1 });
    rig.notices.refuses = () => false;
    const replayed = await rig.act(consumer, { subject, selection: { target: one } });
    expect(replayed).toMatchObject({ total: 1, done: 1 });
    const discarded = await rig.act(consumer, {
      subject,
      kind: 'discard',
      selection: { effect: 'notice', target: other },
    });
    expect(discarded).toMatchObject({ total: 1, done: 1 });
    await waitFor(() => rig.notices.given.length === 3, { withinMs: 8000, what: 'notices' });
    const texts = rig.notices.texts().map((text) => /refuse me|after \w+/.exec(text)?.[0]);
    expect(texts).toEqual(['refuse me', 'after one', 'after other']);
    const [kept] = await rig.database.query<{ target: string }>(
      "SELECT discarded->>'target' AS target FROM parked_act_parts WHERE discarded IS NOT NULL",
    );
    expect(kept?.target).toBe(other);
  });
});
