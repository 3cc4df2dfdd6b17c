import type { Findings } from './harness/report.ts';

/**
 * Why something is slower than hoped, for the report: what was looked into, and what was tried. Only
 * what was measured.
 */
export const findings: Findings = {
  w1: [
    "With @platformatic/kafka against the specification's loop: that loop waits for Kafka and PostgreSQL for each event, everything else computes. 45 times its 1,146 events/s are 51,600: 19 µs an event of one thread, and the relay takes 23 with its garbage collected beside it.",
    'Since the report of 2026-11-22: the next window is read while one is sent. 44,269 to 46,679 events/s with @platformatic/kafka, 41,367 to 42,665 with kafkajs (medians of five rounds, a day apart). Of the thread 13 % still wait, and a fifth collects garbage.',
    'Tried with it, without gain: new objects 16 MiB at a time in place of 8 (47,242 and 48,190, three rounds).',
    'In the report of 2026-11-22 for the first time: @platformatic/kafka gets one request for all partitions of a broker, as kafkajs did (broker 19.7 to 5 CPU-s per million); the limit of the heap is 2 GiB in place of none here and 384 MiB in `nova up` (V8 cleans up where it is near: 45 µs an event of the relay in place of 28); checksums in WebAssembly, sizes counted once, no view per field. On a machine that is 2.5 times as fast: 14,447 and 11,243 events/s then, batches of 500 8,506.',
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
    'With kafkajs 9.9 ms for half and 20.7 for 99 %, 15.2 and 29.8 in the report of 2026-11-22: our patch of that client waits 10 ms from one fetch of a broker to the next, not 20 (a fetch names every partition). Debezium is read by the same client, so it gained as much, 23.6 to 13.8 ms, and the ratios did not get better. Five of the ten are the client itself.',
    'Least pauses: 10 ms of that client, 4 ms of the relay. With @platformatic/kafka, which asks anew as soon as it was answered, half takes 4.9 ms, a commit, a window and a request more than directly.',
    'Three rounds of 5,000 events in that run: with Debezium it takes more than two minutes a round.',
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
    'Tried: the next window read while one is sent. It changes nothing here, as windows are not full. What eight relays cost more is 12 CPU-s per million events: five of them are what a relay takes for itself, 10 to 12 ms a second each (w14); the rest is that each looks at all 34 commits a second, for an eighth of their events.',
    'Not tried: longer pauses at high rates. They would have to be 60 ms to halve the windows, and cost each event their half.',
  ],
  w6: [
    'Before: appending ×0.55 beside a snapshot. The row of the log, which each append changed, was not the most of it, as the last report supposed: with the head taken from the last event nothing was won. Heads of aggregates were: a unique index goes through every old version at each look and each change, 36 µs of PostgreSQL an event became 100 within half a minute. They are found from their newest version now, by an index that is read backwards and makes no lists of equal entries.',
    'For ten minutes, by the same appends beside a snapshot and other work: 44 to 66 µs an event from the first to the last of 8 million (1,600 versions of each aggregate).',
    'One round of a minute.',
  ],
  w8rpc: [
    'A call by itself has become cheaper (360 µs of events-service, 400 to 570 when the ratios were set, of which gRPC the most), and what is compared with it by less: 112 µs an event in a stream, 74 in a batch of 100, the start of a process in each. Before 2026-11-23 only the requests of the stream had an id: 340, 101 and 64 µs then.',
    'A profile of the stream: what is accepted and hashed takes a quarter, garbage and answers a tenth each, the start of the process and the statement a twentieth each; no function by itself above 6 %.',
    'Tried without gain: statements of 500 units in place of 128; new objects 16 or 32 MiB at a time in place of 8. Hashed in one call of the library, which is kept: too little to be seen here.',
  ],
  w11: [
    'With @platformatic/kafka 26.6 ms in place of 44.6 with kafkajs, clean, and 40.6 with troubles in place of 51.3: less waits for the client, so what troubles cost shows more. One round.',
  ],
};
