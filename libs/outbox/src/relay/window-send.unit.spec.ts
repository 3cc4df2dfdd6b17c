import { expect, it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import type { Clock } from '@nova/time';
import { FakePublisher } from '../testing/fake-publisher.ts';
import { MemoryLanes } from '../testing/memory-lanes.ts';
import { MemoryLog } from '../testing/memory-log.ts';
import { LaneTable } from './lane-table.ts';
import { RelayMeters } from './meters.ts';
import { relayDefaults } from './settings.ts';
import { WindowSend } from './window-send.ts';

const LEASE_MS = 5000;
const EVENTS = 3;

/** A clock that moves on each time it is asked, as a real one does. */
function movingClock(fromMs: number): Clock {
  let nowMs = fromMs;
  return {
    now: () => new Date(),
    monotonicMs() {
      nowMs += 0.01;
      return nowMs;
    },
  };
}

/** Sends events of one lane whose lease is about to be too short for that. */
async function sendAt(nowMs: number) {
  const clock = movingClock(nowMs);
  const table = new LaneTable(clock, 100, LEASE_MS);
  table.add([{ lane: 1, term: 1n, position: 0n, parked: [] }], LEASE_MS);
  const [lane] = table.owned();
  if (lane === undefined) throw new TypeError('there is no lane');
  const log = new MemoryLog();
  const publisher = new FakePublisher();
  const context = {
    ...{
      table,
      publisher,
      store: new MemoryLanes().storeFor('me', LEASE_MS),
      settings: relayDefaults,
    },
    ...{ logger: silentLogger, meters: new RelayMeters(clock) },
  };
  const events = Array.from({ length: EVENTS }, () => ({
    lane,
    event: log.append('an aggregate'),
  }));
  const send = new WindowSend(context, events);
  await send.allSettled();
  return { outcome: send.outcomeOf(lane), published: publisher.arrived.length };
}

it('takes no lane for acknowledged whose lease becomes too short while its events are looked at', async () => {
  const outcomes = new Set<string>();
  for (let nowMs = 3999.9; nowMs < 4000.05; nowMs += 0.005) {
    const { outcome, published } = await sendAt(nowMs);
    outcomes.add(outcome);
    expect({ nowMs, outcome, published }).toEqual({
      nowMs,
      outcome: published === EVENTS ? 'acknowledged' : 'failed',
      published,
    });
  }
  expect([...outcomes].sort()).toEqual(['acknowledged', 'failed']);
});
