import { describe, expect, it } from '@jest/globals';
import { KnownLog } from './known-log.ts';
import type { LogHead } from './log-source.ts';

const old = { epoch: 'old', firstPosition: 1n };
const young = { epoch: 'young', firstPosition: 105n };
const head = (position: bigint, ...epochs: LogHead['epochs']): LogHead => ({
  ...{ position, epoch: epochs.at(-1)?.epoch ?? '', epochs },
});

function knownTo(position: bigint): KnownLog {
  const log = new KnownLog();
  log.learn(log.look(0n), head(position, old), 0n);
  return log;
}

describe('the log as a relay knows it', () => {
  it('has lost its end when a look that began later sees less', () => {
    const log = knownTo(120n);
    const change = log.learn(log.look(100n), head(110n, old), 100n);
    expect(change).toEqual({ kept: 110n, isLost: true });
  });

  it('has lost nothing when two looks are answered the other way round', () => {
    const log = knownTo(100n);
    const [first, second] = [log.look(100n), log.look(100n)];
    expect(log.learn(second, head(120n, old), 100n)).toBeUndefined();
    // By then the relay has published what the second had seen.
    expect(log.learn(first, head(110n, old), 120n)).toBeUndefined();
    expect(log.look(0n).known).toBe(120n);
  });

  it('is another one above the epoch that is new, also for what was published during the look', () => {
    const log = knownTo(100n);
    const look = log.look(100n);
    expect(log.learn(log.look(100n), head(120n, old), 100n)).toBeUndefined();
    const change = log.learn(look, head(130n, old, young), 120n);
    expect(change).toEqual({ kept: 104n, isLost: true });
  });

  it('is not judged by a look from before it became another one', () => {
    const log = knownTo(100n);
    const look = log.look(100n);
    log.learn(log.look(100n), head(130n, old, young), 100n);
    expect(log.isStale(look)).toBe(true);
    expect(log.isStale(log.look(100n))).toBe(false);
  });
});
