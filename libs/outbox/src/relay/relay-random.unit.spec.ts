import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Fate } from '../testing/fake-publisher.ts';
import { RelayRig } from '../testing/relay-rig.ts';
import { until } from '../testing/until.ts';

const FATES: readonly Fate[] = ['reject', 'reject-half', 'reject-late', 'hang'];

/** One thing that happens to two relays and what they depend on. */
type Happening =
  | { readonly kind: 'append'; readonly keys: readonly number[] }
  | { readonly kind: 'break'; readonly partitions: readonly number[]; readonly fate: number }
  | { readonly kind: 'heal' }
  | { readonly kind: 'database'; readonly isGone: boolean }
  | { readonly kind: 'restart' | 'pause' | 'resume'; readonly relay: number };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      keys: fc.array(fc.nat(40), { minLength: 1, maxLength: 60 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('break' as const),
      partitions: fc.subarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
      fate: fc.nat(FATES.length - 1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('heal' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('database' as const), isGone: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('restart' as const, 'pause' as const, 'resume' as const),
      relay: fc.nat(1),
    }),
  },
);

async function happen(rig: RelayRig, relays: ReturnType<RelayRig['relay']>[], what: Happening) {
  if (what.kind === 'append') {
    for (const key of what.keys) {
      rig.log.append(`key ${key}`, key % 2 === 0 ? 'message_created' : 'message_updated');
    }
  } else if (what.kind === 'break') {
    rig.publisher.fate = ({ partition }) =>
      what.partitions.includes(partition) ? (FATES[what.fate] ?? 'reject') : 'accept';
  } else if (what.kind === 'heal') {
    rig.publisher.fate = () => 'accept';
    rig.publisher.release();
  } else if (what.kind === 'database') {
    rig.log.isGone = what.isGone;
  } else {
    const relay = relays[what.relay];
    if (what.kind === 'pause') relay?.pause();
    else relay?.resume();
    if (what.kind === 'restart') {
      await relay?.stop();
      await relay?.start();
    }
  }
  // Lets the relays get somewhere: a few turns, not a time.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('two relays through random failures', () => {
  it('publish everything, first occurrences in order, and move no lane too far', async () => {
    const plan = fc.array(happening, { minLength: 5, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(plan, fc.integer({ min: 3, max: 50 }), async (happenings, windowRows) => {
        const rig = new RelayRig({
          windowRows,
          leaseMs: 240,
          renewIntervalMs: 30,
          slowSendMs: 15,
          stopDeadlineMs: 20,
        });
        const relays = [rig.relay('one'), rig.relay('two')];
        try {
          for (const relay of relays) await relay.start();
          for (const one of happenings) await happen(rig, relays, one);
          rig.log.isGone = false;
          rig.publisher.fate = () => 'accept';
          rig.publisher.release();
          for (const relay of relays) relay.resume();
          await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
          expect(rig.offences).toEqual([]);
          expect(rig.disorder()).toEqual([]);
        } finally {
          await rig.close();
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
