import { CONSUMERS, kafkaClientsOf, RELAYS, type RigOptions } from './rig-parts.ts';
import type { Targets } from './schedule.ts';

/**
 * What there is to be broken where disks can be made and clocks can be set. A seed picks by place: what is
 * added or moved here makes all seeds of these options mean something else.
 */
export function targetsOf(options: RigOptions): Targets {
  const processes = ['events', ...RELAYS, ...CONSUMERS];
  const { hasMore } = options;
  return {
    processes,
    servers: ['postgres', 'kafka', ...(hasMore ? ['redis'] : [])],
    links: linksOf(options),
    disks: hasMore ? ['postgres', 'kafka'] : [],
    clocks: hasMore ? [...processes, 'postgres'] : [],
  };
}

/** Links as they are made: one of each client to each server that it speaks to. */
function linksOf(options: RigOptions): readonly string[] {
  return [
    ...kafkaClientsOf(options).map((name) => `${name}-kafka`),
    ...['events', ...RELAYS].map((name) => `${name}-postgres`),
    ...CONSUMERS.flatMap((name) => [
      ...(options.hasMore ? [`${name}-redis`] : []),
      `${name}-postgres`,
      `${name}-events`,
    ]),
    'client-events',
  ];
}
