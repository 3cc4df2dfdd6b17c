import { expect, it } from '@jest/globals';
import { systemClock } from '@nova/time';
import { Advance } from './advance.ts';
import type { RelayContext } from './context.ts';
import { KnownLog } from './known-log.ts';
import { LaneTable } from './lane-table.ts';

it('a write is repeated when the log has become another one while it was under way', async () => {
  const table = new LaneTable(systemClock, 100, 60_000);
  table.add([{ lane: 3, term: 1n, position: 5n, parked: [] }], Number.POSITIVE_INFINITY);
  const [lane] = table.owned();
  if (lane === undefined) throw new TypeError('no lane');
  lane.cursor = 9n;
  const written: bigint[] = [];
  const store = {
    advance: async (moves: readonly { lane: number; position: bigint }[]) => {
      written.push(...moves.map(({ position }) => position));
      if (written.length === 1) table.forgetStored();
      return new Set(moves.map((move) => move.lane));
    },
  };
  // What a write uses of the relay.
  const advance = new Advance({ table, store, log: new KnownLog() } as unknown as RelayContext);
  for (let times = 0; times < 3; times += 1) await advance.flush();
  expect(written).toEqual([9n, 9n]);
});
