import { describe, expect, it } from '@jest/globals';
import { loadConfig, type Settings, setting } from '@nova/config';
import { simulate } from './simulate.ts';

const settings = {
  seeds: setting.integer({
    env: 'NOVA_SIMULATION_SEEDS',
    default: 10_000,
    min: 1,
    doc: 'How many seeds are simulated.',
  }),
  seed: setting.integer({
    env: 'NOVA_SIMULATION_SEED',
    default: 1000,
    min: 0,
    doc: 'The first of them.',
  }),
} satisfies Settings;

const HOUR_MS = 3_600_000;

describe('the simulation of relays and consumers', () => {
  it(
    'has nothing against ten thousand seeds',
    async () => {
      const { seeds, seed: first } = loadConfig(settings);
      for (let seed = first; seed < first + seeds; seed += 1) {
        const { offences, verdict } = await simulate(seed);
        if (!verdict.ok || offences.length > 0) {
          expect({ seed, offences, verdict }).toBe('all well');
        }
      }
    },
    HOUR_MS,
  );
});
