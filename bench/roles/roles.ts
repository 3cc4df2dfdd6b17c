import type { Prepared } from '../harness/worker-messages.ts';
import { type AppenderOptions, prepareAppender } from './appender.ts';
import { type ConsumerOptions, prepareConsumer } from './consumer.ts';
import { type HeldOptions, prepareHeld } from './held.ts';
import { type LoadOptions, prepareLoad } from './load.ts';
import { type MarkerOptions, prepareMarker } from './marker.ts';
import { type MemoryOptions, prepareMemory } from './memory.ts';
import { type MessageLoopOptions, prepareMessageLoop } from './message-loop.ts';
import { type PeerLoopOptions, preparePeerLoop } from './peer-loop.ts';
import { type PublisherOptions, preparePublisher } from './publisher.ts';
import { prepareRelay, type RelayOptions } from './relay.ts';
import { prepareSink, type SinkOptions } from './sink.ts';

/** What each role is told. */
export interface RoleOptions {
  relay: RelayOptions;
  memory: MemoryOptions;
  peerLoop: PeerLoopOptions;
  appender: AppenderOptions;
  load: LoadOptions;
  sink: SinkOptions;
  held: HeldOptions;
  consumer: ConsumerOptions;
  messageLoop: MessageLoopOptions;
  publisher: PublisherOptions;
  marker: MarkerOptions;
}

/** What a worker can be. */
export type RoleName = keyof RoleOptions;

const roles: { readonly [R in RoleName]: (options: RoleOptions[R]) => Promise<Prepared> } = {
  relay: prepareRelay,
  memory: prepareMemory,
  peerLoop: preparePeerLoop,
  appender: prepareAppender,
  load: prepareLoad,
  sink: prepareSink,
  held: prepareHeld,
  consumer: prepareConsumer,
  messageLoop: prepareMessageLoop,
  publisher: preparePublisher,
  marker: prepareMarker,
};

/** Whether there is a role of this name. */
export function isRole(name: string): name is RoleName {
  return Object.hasOwn(roles, name);
}

/** Prepares a role. `options` is what `startWorker` wrote, with the type of the role. */
export function prepareRole<R extends RoleName>(role: R, options: string): Promise<Prepared> {
  return roles[role](JSON.parse(options) as RoleOptions[R]);
}
