import { describe, expect, it } from '@jest/globals';
import { sleep } from '@nova/time';
import { RelayRig } from '../testing/relay-rig.ts';
import { until } from '../testing/until.ts';

const INTERVAL_MS = 100;
const ROUNDS = 200;

describe('the cursors of a relay', () => {
  it('are written all in one statement, and once per interval at most', async () => {
    const rig = new RelayRig({ advanceIntervalMs: INTERVAL_MS });
    const statements: number[] = [];
    const storeFor = rig.lanes.storeFor.bind(rig.lanes);
    rig.lanes.storeFor = (...given) => {
      const store = storeFor(...given);
      const advance = store.advance.bind(store);
      store.advance = (moves, epoch) => {
        statements.push(moves.length);
        return advance(moves, epoch);
      };
      return store;
    };
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
