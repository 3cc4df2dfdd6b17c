/** For specs: topics and a group in memory, and what every delivery source must do. */
export {
  deliverySourceConformance,
  type SourceUnderTest,
  type Wait,
} from './testing/delivery-source.conformance.ts';
export { MemorySource, MemoryTopics } from './testing/memory-topics.ts';
