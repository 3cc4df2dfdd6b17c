import type { Findings } from './harness/report.ts';

/**
 * Why something is slower than hoped, for the report: what was looked into, and what was tried. Only
 * what was measured.
 */
export const findings: Findings = {
  w1: [
    "With @platformatic/kafka against the specification's loop: that loop waits for Kafka and PostgreSQL for each event, everything else computes. 45 times its 1,144 events/s are 51,500: 19 µs an event of one thread, and the relay takes 22 with its garbage collected beside it.",
    'Since the report of the afternoon: @platformatic/kafka gets one request for all partitions of a broker, as kafkajs did (broker 19.7 to 5 CPU-s per million); the limit of the heap is 2 GiB in place of none here and 384 MiB in `nova up` (V8 cleans up where it is near: 45 µs an event of the relay in place of 28); checksums in WebAssembly, sizes counted once, no view per field. On a machine that is 2.5 times as fast: 14,447 and 11,243 events/s then, batches of 500 8,506.',
    'Tried without gain: writing short texts of a record by hand in place of Buffer.write (2.1 µs a record in either way). Tried before: windows of 4,000 to 16,000 events in place of 2,000; the default stays, as what is in one window is what can be sent twice. NOVA_RELAY_WINDOW_ROWS sets it.',
    'A profile of 200,000 events: waiting 17 %, garbage 12 %, decoding rows 13 %, record batches 10 %, headers 7 %, the client 4 %; no function by itself above 3 %. Less would take rows that go from PostgreSQL to Kafka without becoming objects.',
  ],
  w9: [
    'A round takes 68 to 76 µs of the consumer and 25 of PostgreSQL for an event, joining the group and compiling included; one by one it is 457 and 440: nine times as much. 25 times needs 20,750 events/s here, 48 µs for the consumer and PostgreSQL together if they go on taking turns.',
    'Tried: new rows are copied in where a view is filled from the log; rounds of Kafka write as before, since their statements share packets, which COPY cannot. Records decoded without an object per header: 24 µs to 9.5 µs each, on the slower machine. Two rounds at a time, which a rebuild has since (w10), would give a third at most, as the consumer then has one thread to itself: not tried for rounds of Kafka, whose partitions can be taken away at any moment.',
  ],
  w9redis: [
    'Redis takes some 3 µs for a mark by its two scripts (HGET; HGET, HSET, PEXPIRE), one thread, one connection, and SET NX one by one is bound by the round trip, which is short on a quiet machine.',
  ],
  w3: [
    'With @platformatic/kafka against producing directly: that client answers one record in half a millisecond by itself, and from an append to a consumer there are a commit, a window and a request more. Before it had one request for all partitions it was 69.7 ms (×47.8).',
    'p50 with kafkajs against Debezium: of 15 ms eleven are the client, which waits 20 ms from one fetch of a broker to the next (our patch: a fetch names every partition); with @platformatic/kafka, which asks anew as soon as it was answered, it is 5 ms, a third of Debezium.',
    'One round: the scenario with Debezium takes three and a half minutes a round.',
  ],
  e1: [
    'Bound by the processor of two cores, on which everything runs: the command, events-service, the relay, three views, PostgreSQL and Kafka.',
  ],
  w2: [
    'With @platformatic/kafka: 42,400 events/s are 21 µs an event of one thread; twice Debezium would be 16, a fifth of its processor 12. See w1 for what the time goes to.',
  ],
  w5: [
    'Of the ×1.47 and ×2.12 of before most was the start of each process, whose code is compiled while it publishes its first 10,000 events: that is not counted any more. A relay takes 10 to 12 ms of processor a second for itself (w14): eight at the rate of this scenario some 7 CPU-s per million events.',
    'Since then relays hold lanes that are one partition of every topic, as far as others leave them: eight sent 48 batches for a window, of one or two records each. Eight that came one after the other still hold lanes of two or three partitions; nobody gives lanes back to have better ones.',
    'Not tried: longer pauses at high rates. They would fill windows, and cost each event their half.',
  ],
  w6: [
    'Before: appending ×0.55 beside a snapshot. The row of the log, which each append changed, was not the most of it, as the last report supposed: with the head taken from the last event nothing was won. Heads of aggregates were: a unique index goes through every old version at each look and each change, 36 µs of PostgreSQL an event became 100 within half a minute. They are found from their newest version now, by an index that is read backwards and makes no lists of equal entries.',
    'For ten minutes, by the same appends beside a snapshot and other work: 44 to 66 µs an event from the first to the last of 8 million (1,600 versions of each aggregate).',
    'One round of a minute.',
  ],
  w8rpc: [
    'A call by itself has become cheaper (340 µs of events-service, 400 to 570 when the ratios were set, of which gRPC the most), and what is compared with it by less: 101 µs an event in a stream, 64 in a batch of 100, the start of a process in each.',
  ],
  w11: [
    'With @platformatic/kafka 26.6 ms in place of 44.6 with kafkajs, clean, and 40.6 with troubles in place of 51.3: less waits for the client, so what troubles cost shows more. One round.',
  ],
};
