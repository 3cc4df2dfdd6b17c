/**
 * For specs: a publisher in memory with planted failures, the log and the lanes in memory, and the
 * suite that every publisher passes.
 */
export {
  eventPublisherConformance,
  type PublisherUnderTest,
} from './testing/event-publisher.conformance.ts';
export { type ArrivedRecord, FakePublisher, type Fate } from './testing/fake-publisher.ts';
export { MemoryLanes } from './testing/memory-lanes.ts';
export { MemoryLog } from './testing/memory-log.ts';
export { until } from './testing/until.ts';
