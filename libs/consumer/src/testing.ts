/** For specs: topics and a group in memory, and what every delivery source must do. */
export { MemorySource, MemoryTopics } from './testing/memory-topics.ts';
