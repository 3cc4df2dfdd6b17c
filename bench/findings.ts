import type { Findings } from './harness/report.ts';

/**
 * Why something is slower than hoped, for the report: what was looked into, and what was tried. Only
 * what was measured.
 */
export const findings: Findings = {
  w1: [
    "The specification's loop waits for Kafka and PostgreSQL for each event, everything else computes, and the machine was slower on 2026-11-22 than when the ratios were set the day before: batches of 500 drained 25,400–27,900 events/s then and 8,090 now, the loop 590–1,036 then and 613 now. Its ratio says more about the machine than about the relay.",
    'The relay uses 1.1 of the two cores. A profile of its process over 40,000 events, start included, @platformatic/kafka: producing 22 % (the client 15 %), reading and decoding rows 11 %, garbage 10 %, idle 11 %, loading modules 15 %; no function by itself above 4 %. PostgreSQL and Kafka cost 7 and 13 to 20 CPU-s per million beside its 90 and 124.',
    'Tried: windows of 8,000 and 16,000 events in place of 2,000 (2 rounds of 40,000 events, others up to 50 % in some turns), from the start of the relay: 11,400 and 11,200 events/s in place of 9,700 with @platformatic/kafka, 7,300 and 7,400 in place of 5,600 with kafkajs; the broker took 9 CPU-s per million in place of 18, and 15 and 11 in place of 46.',
    'Tried: 4,000, which is what this report was measured with. A quarter of an hour before, with 2,000 and 80,000 events, the ratios to batches of 500 were 0.97 and 1.30. The default is 2,000 again all the same: on the busy machine of that hour a spec found one window of 4,000 sent twice; whether one of 2,000 would have been is not known. NOVA_RELAY_WINDOW_ROWS sets it.',
  ],
  w1b: [
    'kafkajs by itself costs 102 CPU-s per million from memory; in the relay 129, since rows are read and decoded and headers made, and PostgreSQL and the broker use the same two cores: the broker takes 32 in place of 9, because a send has some 80 records there and 830 from memory. See w1 for what larger windows bring.',
    'Two rounds only.',
  ],
  w9: [
    'Two rounds of 8,000 events, 2.7 s each: joining the group and compiling are a good part of it. A consumer takes 240 to 260 CPU-s per million, PostgreSQL 70 to 75 for it; a transaction per message 1,529 and 762. Not yet run longer, and not yet profiled.',
  ],
  w9redis: [
    'Redis takes 7 CPU-s per million for its two scripts (HGET; HGET, HSET, PEXPIRE for each event) and the consumer 7, one after the other: 71,000 events/s at most. 20,000 events in a quarter of a second, and others had up to 61 % of the machine in some turns; turns have twice as many events since.',
  ],
};
