import { isDeepStrictEqual } from 'node:util';
import type { RigOptions } from './rig-parts.ts';

/** How many schedules one set of servers and services goes through, at most. */
export const PER_RIG = 20;
/** So many are put in order at once: a rig for each driver. */
export const SEEDS_AHEAD = 2 * PER_RIG;
/**
 * What `./nova test` runs: both drivers, a rig for each; in their first two bouts disks that are full,
 * clocks, Redis and the link of events-service to Kafka.
 */
export const SEEDS_OF_NORMAL_RUN = [473, 614, 466, 836] as const;
/** Further on nobody looks for a seed in place of a void one. */
const LOOKS_AHEAD = 1000;
/** Seeds to this one are of the time before there were faults of disks, clocks and Redis. */
const FIRST_FAULTS_TO = 100;
/** Seeds to this one are of the time before the link of events-service to Kafka could be broken. */
const MORE_FAULTS_TO = 400;
/** Every other five seeds have the second driver. */
const PER_DRIVER = 5;

/** So many seeds, from this one on. */
export function seedsFrom(seed: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => seed + index);
}

/** Seeds by what they are run on: first those that are run as the first one is. */
export function seedsByRig(seeds: readonly number[]): readonly (readonly number[])[] {
  const groups: number[][] = [];
  for (const one of seeds) {
    const group = groups.find(([first = 0]) => isRunAlike(first, one));
    if (group === undefined) groups.push([one]);
    else group.push(one);
  }
  return groups;
}

/** Seeds of one rig, and after them others that are run as they are. */
export function* seedsAndLike(seeds: readonly number[]): Generator<number, undefined> {
  yield* seeds;
  const last = seeds.at(-1);
  if (last !== undefined) yield* seedsLike(last);
  return undefined;
}

/** The seeds that are run as this one is, from it on. */
function* seedsLike(seed: number): Generator<number, undefined> {
  for (let one = seed; one < seed + LOOKS_AHEAD; one += 1) {
    if (isRunAlike(seed, one)) yield one;
  }
  return undefined;
}

function isRunAlike(seed: number, other: number): boolean {
  return isDeepStrictEqual(rigOf(seed), rigOf(other));
}

/** What a seed is run on. */
export function rigOf(seed: number): RigOptions {
  const isOdd = Math.floor((seed - 1) / PER_DRIVER) % 2 === 1;
  const hasMore = seed > FIRST_FAULTS_TO;
  const driver = hasMore && isOdd ? 'platformatic' : 'kafkajs';
  return { driver, hasMore, registers: seed > MORE_FAULTS_TO };
}
