import { isDeepStrictEqual } from 'node:util';
import type { RigOptions } from './rig.ts';

/** How many schedules one set of servers and services goes through, at most. */
export const PER_RIG = 20;
/** So many are put in order at once: a rig for each driver. */
export const SEEDS_AHEAD = 2 * PER_RIG;
/** Seeds to this one are of the time before there were faults of disks, clocks and Redis. */
const FIRST_FAULTS_TO = 100;
/** Every other five seeds have the second driver. */
const PER_DRIVER = 5;

/** So many seeds from this one on, those first that are run on what the first one is. */
export function seedsByRig(seed: number, count: number): readonly number[] {
  const seeds = Array.from({ length: count }, (_, index) => seed + index);
  const { driver } = rigOf(seed);
  return [
    ...seeds.filter((one) => rigOf(one).driver === driver),
    ...seeds.filter((one) => rigOf(one).driver !== driver),
  ];
}

/** The first of these, as far as one rig goes through them. */
export function seedsOfOneRig(seeds: readonly number[]): readonly number[] {
  const isOther = (seed: number) => !isDeepStrictEqual(rigOf(seed), rigOf(seeds[0] ?? 0));
  const end = seeds.findIndex(isOther);
  return seeds.slice(0, Math.min(end < 0 ? seeds.length : end, PER_RIG));
}

/** What a seed is run on. */
export function rigOf(seed: number): RigOptions {
  if (seed <= FIRST_FAULTS_TO) return { driver: 'kafkajs', hasMore: false };
  const isOdd = Math.floor((seed - 1) / PER_DRIVER) % 2 === 1;
  return { driver: isOdd ? 'platformatic' : 'kafkajs', hasMore: true };
}
