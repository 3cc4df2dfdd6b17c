import { describe, expect, it } from '@jest/globals';
import { sleep } from '@nova/time';
import { RelayRig } from '../testing/relay-rig.ts';
import { until } from '../testing/until.ts';

const INTERVAL_MS = 100;
const ROUNDS = 200;

/** How many lanes each statement of a relay moved, which takes so long. */
function countStatements(rig: RelayRig, tookMs = 0): number[] {
  const statements: number[] = [];
  const storeFor = rig.lanes.storeFor.bind(rig.lanes);
  rig.lanes.storeFor = (...given) => {
    const store = storeFor(...given);
    const advance = store.advance.bind(store);
    store.advance = async (moves, epoch) => {
      statements.push(moves.length);
      if (tookMs > 0) await sleep(tookMs);
      return advance(moves, epoch);
    };
    return store;
  };
  return statements;
}

describe('the cursors of a relay', () => {
  it('are written a twentieth of the time at most, however long it takes', async () => {
    const tookMs = 25;
    const rig = new RelayRig({ advanceIntervalMs: 1 });
    const statements = countStatements(rig, tookMs);
    const beganMs = performance.now();
    await rig.relay('one').start();
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        rig.log.append(`aggregate ${round % 97}`);
        await sleep(10);
      }
      await until(() => rig.isAdvanced(), 'all lanes at the head');
      const took = performance.now() - beganMs;
      // The first is written before anybody knows how long it takes.
      expect(statements.length).toBeLessThanOrEqual(took / (20 * tookMs) + 2);
      expect(statements.length).toBeGreaterThan(1);
    } finally {
      await rig.close();
    }
  });

  it('are written all in one statement, and once per interval at most', async () => {
    const rig = new RelayRig({ advanceIntervalMs: INTERVAL_MS });
    const statements = countStatements(rig);
    const beganMs = performance.now();
    await rig.relay('one').start();
    try {
      // Something is acknowledged all the time, in many lanes.
      for (let round = 0; round < ROUNDS; round += 1) {
        for (let n = 0; n < 5; n += 1) rig.log.append(`aggregate ${(round * 5 + n) % 97}`);
        await sleep(5);
      }
      await until(() => rig.isAdvanced(), 'all lanes at the head');
      const took = performance.now() - beganMs;
      expect(statements.length).toBeLessThanOrEqual(took / INTERVAL_MS + 1);
      expect(Math.max(...statements)).toBe(64);
    } finally {
      await rig.close();
    }
  });
});
