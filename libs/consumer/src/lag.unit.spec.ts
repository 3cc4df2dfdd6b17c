import { expect, it } from '@jest/globals';
import { Intake } from './intake.ts';
import { lagSeconds } from './lag.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const PLACE = { topic: 'nova_events_message_created', partition: 0 };
const STORED_AT = '2026-11-20T12:00:00.000000Z';

/** A partition whose last event was stored, taken and settled at {@link STORED_AT}. */
function quiet() {
  let passedMs = 0;
  const clock = {
    now: () => new Date(Date.parse(STORED_AT) + passedMs),
    monotonicMs: () => passedMs,
  };
  const intake = new Intake(clock);
  intake.assign(PLACE, undefined);
  const endsAt = (end: bigint) => intake.get(PLACE)?.endsAt(end);
  const settleTo = (offset: bigint) => intake.get(PLACE)?.deliveredTo(offset);
  endsAt(7n);
  settleTo(7n);
  return {
    endsAt,
    settleTo,
    restart: () => intake.get(PLACE)?.restart(0n),
    pass: (ms: number) => {
      passedMs += ms;
    },
    seconds: (lastStoredAt: string | undefined = STORED_AT) =>
      lagSeconds(intake.partitions(), { lastStoredAt }, clock),
  };
}

it('is 0 without lag, however long ago the last event was', () => {
  const partition = quiet();
  partition.pass(2 * DAY_MS);
  expect(partition.seconds()).toBe(0);
});

it('counts an event that is on its way after a quiet time from when it was seen there', () => {
  const partition = quiet();
  partition.pass(2 * DAY_MS);
  partition.endsAt(8n);
  expect(partition.seconds()).toBe(0);
  partition.pass(3000);
  partition.endsAt(9n);
  expect(partition.seconds()).toBe(3);
  partition.settleTo(9n);
  expect(partition.seconds()).toBe(0);
  partition.pass(DAY_MS);
  partition.endsAt(10n);
  partition.pass(1000);
  expect(partition.seconds()).toBe(1);
});

it('is no more than the age of the last event applied, where there is lag all the time', () => {
  const partition = quiet();
  partition.endsAt(1000n);
  partition.pass(60_000);
  const applied = new Date(Date.parse(STORED_AT) + 58_000).toISOString();
  expect(partition.seconds(applied)).toBe(2);
});

it('begins with a partition that is read again from its beginning', () => {
  const partition = quiet();
  partition.pass(DAY_MS);
  partition.restart();
  partition.pass(2000);
  expect(partition.seconds()).toBe(2);
});
