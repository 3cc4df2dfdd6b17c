import type { Findings } from './harness/report.ts';

/**
 * Why something is slower than hoped, for the report: what was looked into, and what was tried. Only
 * what was measured.
 */
export const findings: Findings = {
  w1: [
    "With @platformatic/kafka against the specification's loop: that loop waits for Kafka and PostgreSQL for each event, everything else computes. 45 times its 1,146 events/s are 51,600: 19 µs an event of one thread, and the relay takes 23 with its garbage collected beside it.",
    'Since the report of 2026-11-22: the next window is read while one is sent. 44,269 to 46,679 events/s with @platformatic/kafka, 41,367 to 42,665 with kafkajs (medians of five rounds, a day apart). Of the thread 13 % still wait, and a fifth collects garbage.',
    "In this report 41,845 and 38,992, on the same machine some hours later: processor 25.7 µs an event in place of 23.5, and that of batches of 500, whose code had not changed, 54.5 in place of 50.6 (14,596 events/s in place of 15,659). The specification's loop waits, so a slower processor does not show in it, and the ratio gets worse.",
    'Tried with it, without gain: new objects 16 MiB at a time in place of 8 (47,242 and 48,190, three rounds).',
    'In the report of 2026-11-22 for the first time: @platformatic/kafka gets one request for all partitions of a broker, as kafkajs did (broker 19.7 to 5 CPU-s per million); the limit of the heap is 2 GiB in place of none here and 384 MiB in `nova up` (V8 cleans up where it is near: 45 µs an event of the relay in place of 28); checksums in WebAssembly, sizes counted once, no view per field. On a machine that is 2.5 times as fast: 14,447 and 11,243 events/s then, batches of 500 8,506.',
    'Tried without gain: writing short texts of a record by hand in place of Buffer.write (2.1 µs a record in either way). Tried before: windows of 4,000 to 16,000 events in place of 2,000; the default stays, as what is in one window is what can be sent twice. NOVA_RELAY_WINDOW_ROWS sets it.',
    'A profile of 200,000 events: waiting 17 %, garbage 12 %, decoding rows 13 %, record batches 10 %, headers 7 %, the client 4 %; no function by itself above 3 %. Less would take rows that go from PostgreSQL to Kafka without becoming objects.',
  ],
  w9: [
    'Since 2026-11-23 a round of a backlog takes what the database applies in 300 ms, up to 8,000 events, in place of 1,000 always: 11,760 to 14,600 events/s with kafkajs, PostgreSQL 24.4 to 15.1 CPU-s per million, as more events share a row, a mark and a commit. The first 10,000 after a start still go 1,000 at a time: they are written down first, in case one of them kills the process.',
    'What is left is the one thread of the consumer, 60 to 70 µs an event; one by one takes it 434. 25 times needs 21,600 events/s, 46 µs for consumer and PostgreSQL, which take turns. A profile at 1,000 events a round: waiting 28 %, garbage 15 %, PostgreSQL statements and answers 20 %, records from Kafka 11 %, judging and folding 15 %; no function by itself above 4 %.',
    'Tried, one round each with kafkajs: rounds of 500 events 11,907 events/s, 2,000 13,351, 3,000 15,291, 4,000 15,954, 8,000 18,938 (fixed, and without the 10,000 of the start). A fixed size is not what a slow database can do within its time limit of a statement, so it is measured. A view made anew (w10) gains nothing from it: 4.8 s with 1,000 and 5.3 with 4,000, two rounds at a time either way.',
    'Tried before: new rows are copied in where a view is filled from the log; rounds of Kafka write as before, since their statements share packets, which COPY cannot. Records decoded without an object per header: 24 µs to 9.5 µs each, on the slower machine. Two rounds at a time would give a third at most, as the consumer then has one thread to itself: not tried for rounds of Kafka, whose partitions can be taken away at any moment.',
  ],
  w9redis: [
    'Redis takes some 3 µs for a mark by its two scripts (HGET; HGET, HSET, PEXPIRE), one thread, one connection, and SET NX one by one is bound by the round trip, which is short on a quiet machine.',
  ],
  w3: [
    'With @platformatic/kafka against producing directly: that client answers one record in half a millisecond by itself. Measured on the way, medians: 1.1 ms until an append is committed, 1.1 until the relay has looked at the head and read the window, 0.75 until Kafka has taken it, the rest waiting for the window before and the fetch. The commit and one read alone are more than twice what direct takes.',
    'Tried, one round each: windows at most every 1 ms in place of 4: 4.8 ms in place of 5.1 with @platformatic/kafka, 9.9 in place of 10.0 with kafkajs, for 25 ms/s more of the relay: not kept.',
    'Tried: kafkajs fetching every 3 ms at most in place of 10 (our patch): 5.1 ms in place of 9.9 from an append, 1.7 in place of 5.5 directly. The ratio to direct would be missed then (×3), and a consumer and the broker would be asked 330 times a second for every partition while events come: not kept. Every 10 in place of 20 is, since 2026-11-23.',
    'Against Debezium: read by the same client, so that what the client gains both gain; five of our ten milliseconds are the client itself.',
  ],
  e1: [
    'Bound by the processor of two cores, on which everything runs: the command, events-service, the relay, three views, PostgreSQL and Kafka.',
    '62.2 s in two rounds on the evening before, 68.0 in these five. PostgreSQL took the same 146 CPU-s per million, the views 14 to 28 % more, the relay 25: in part the slower machine (w1), in part perhaps that kafkajs fetches twice as often since; not looked into.',
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
    'Draining, 2026-11-23: five rounds of each spread from 24,000 to 57,600 events/s without anything held and from 24,400 to 56,900 beside a snapshot, so the ratio of the medians (×0.89) says little; beside a transaction 48,600 to 54,500. Earlier single rounds were ×1.21 and ×0.99. Why some rounds of the same are half as fast was not looked into.',
  ],
  w8rpc: [
    'A call by itself has become cheaper (360 µs of events-service, 400 to 570 when the ratios were set, of which gRPC the most), and what is compared with it by less: 112 µs an event in a stream, 74 in a batch of 100, the start of a process in each. Before 2026-11-23 only the requests of the stream had an id: 340, 101 and 64 µs then.',
    'A profile of the stream: what is accepted and hashed takes a quarter, garbage and answers a tenth each, the start of the process and the statement a twentieth each; no function by itself above 6 %.',
    'Tried without gain: statements of 500 units in place of 128; new objects 16 or 32 MiB at a time in place of 8. Hashed in one call of the library, which is kept: too little to be seen here.',
  ],
  w13: [
    'Cursors are stored every 100 ms at most, as asked for, and a relay publishes 4,000 events in that time, so up to as many are sent twice after a kill; the bound of 2,000 is that of one window. On 2026-11-22 it was 2,000 in the median of three rounds, when a relay did not yet read ahead. Both cannot hold above 20,000 events/s; NOVA_RELAY_ADVANCE_INTERVAL_MS trades one for the other.',
  ],
  w14: [
    'On 2026-11-22 12.2 and 10 ms/s of the relay beside 4 to 4.75 of PostgreSQL, and 14.5 and 12.2 beside 6.5 and 5.25 in a run of the same night; here 7.5 of PostgreSQL, which has the same 8 transactions a second to do. So the machine was slower for what wakes up seldom; the relay had not changed in what it does while nothing happens.',
  ],
  w11: [
    'Found from this report: each record that Kafka refused cost the relay its connection and producer id, for all partitions. It no longer does (commit c745508): three rounds of 60,000 right after it gave ×1.24 with @platformatic/kafka in place of ×1.41, and ×1.06 with kafkajs in place of ×1.14, on a machine that had become slower (clean 37.3 and 38.6 ms in place of 31.4 and 33.4).',
    'What is left was not looked into; of what is known: a record that is too large is read, sent and refused again after 1, 2, 4 s and so on, 100 KiB each time, as if that could change by itself.',
  ],
};
