import type { Findings } from './harness/report.ts';

/** What a relay that drains spends its time on. */
const RELAY: readonly string[] = [
  'On the morning of 2026-11-23 41,845 events/s with @platformatic/kafka (w1). Sampling of all that was allocated showed 8.2 KB of garbage an event: bytes of each key for its hash (1.1 µs), sort() of the few types before it (768 bytes), a list of places per row, pieces of uuids and zeros. 5.7 KB are left; by turns with the commit before, four rounds each, 44,700 to 53,400 events/s with @platformatic/kafka, 46,300 to 51,500 with kafkajs. Then what is known to be there is read beside the look at the log, whose answer came only when the thread had encoded the window before: 58,400 and 56,700.',
  'Tried with it, four rounds each, without gain: windows of 1,000 events in place of 2,000 (53,700 and 54,400); new objects 16 MiB at a time in place of 8 (61,000 and 55,600, for 30 MiB more memory with @platformatic/kafka); topics, lanes and annotations without objects of their own (59,100 and 59,600 beside 58,700 and 57,900).',
  'Tried before: writing short texts of a record by hand in place of Buffer.write (2.1 µs a record in either way); windows of 4,000 to 16,000 events: the default stays, as what is in one window is what can be sent twice. NOVA_RELAY_WINDOW_ROWS sets it.',
  'A profile with @platformatic/kafka: garbage 19 %, record batches 13 %, decoding rows 11 %, headers 6 %, sizes 6 %, the socket 4 %; in all of them writing and measuring texts in native code 8 %, no function of ours above 4 %, and the event loop waits for less than 5 % of the time. Less would take rows that go from PostgreSQL to Kafka without becoming objects.',
];

/**
 * Why something is slower than hoped, for the report: what was looked into, and what was tried. Only
 * what was measured.
 */
export const findings: Findings = {
  w1: [
    "Against the aims: the specification's loop waits for Kafka and PostgreSQL for each event, everything else computes. 90 times its 1,131 events/s are 10 µs an event of one thread; the relay takes 18 with its garbage collected beside it.",
    ...RELAY,
  ],
  w9: [
    'Since 2026-11-23 a round of a backlog takes what the database applies in 300 ms, up to 8,000 events, in place of 1,000 always: 11,760 to 14,600 events/s with kafkajs, PostgreSQL 24.4 to 15.1 CPU-s per million, as more events share a row, a mark and a commit. The first 10,000 after a start still go 1,000 at a time: they are written down first, in case one of them kills the process.',
    'What is left is the one thread of the consumer, 59 to 64 µs an event; one by one takes it 427. 25 times needs 22,100 events/s, 45 µs for consumer and PostgreSQL, which take turns. A profile at 1,000 events a round: waiting 28 %, garbage 15 %, PostgreSQL statements and answers 20 %, records from Kafka 11 %, judging and folding 15 %; no function by itself above 4 %.',
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
    '64.6 s here, 68.0 in five rounds on the morning of 2026-11-23, 62.2 in two on the evening before. What the relay has won in w1 is little of all: events-service takes 67 CPU-s per million, views 53 to 71 each, PostgreSQL 140, the relay 27.',
  ],
  w2: [
    "With @platformatic/kafka: 57,220 events/s are 17.5 µs an event of one thread; twice Debezium's 30,177 would be 16.6. On the morning of 2026-11-23 ×1.42.",
    "A fifth of Debezium's processor would be 12 µs an event. Debezium takes 61 here and took 90 when the floor was set (the shared paper on peers).",
    ...RELAY,
  ],
  w5: [
    'What eight relays cost more is 11 CPU-s per million events. Six are what a relay takes for itself, 15 ms a second each (w14); the rest is that each looks at all 34 commits a second for an eighth of their events: 25 CPU-s per million in windows of 62 events, 19 in windows of 590.',
    'Tried: pauses of 60 ms between windows in place of 4, two rounds: ×1.46 (29.2 in place of 31.1 CPU-s per million), for half of that pause more until an event is published. Not kept.',
    'Tried: the next window read while one is sent. It changes nothing here, as windows are not full.',
    "What was won since the morning of 2026-11-23 (39.8 to 31.1 with eight) was won for one, too (26.1 to 20.0), mostly by w1's: the hash of a key was 9 % here.",
    'Before: of ×1.47 and ×2.12 most was the start of each process, whose code is compiled while it publishes its first 10,000 events: that is not counted any more. Relays hold lanes that are one partition of every topic, as far as others leave them: eight sent 48 batches for a window, of one or two records each. Eight that came one after the other still hold lanes of two or three partitions; nobody gives lanes back to have better ones.',
  ],
  w6: [
    'Draining beside a transaction: 60,000 events take 0.68 s with nothing held, 0.71 beside a snapshot and 0.78 beside a transaction, from the start of the relay. Its claim of lanes counted the groups of lanes once for each lane, and each count went through all versions that the rows had since: by itself 137 ms beside a transaction and 83 to 99 beside a snapshot after 600 versions, 2 to 7 with nothing held. They are counted once since this report was made, 6 to 9 ms in each case: ×0.989 beside a transaction and ×0.98 beside a snapshot in one round with it (commit dabd490).',
    'On the morning of 2026-11-23 five rounds spread from 24,000 to 57,600 events/s, whatever was held: before PostgreSQL has looked at a table (autoanalyze, a minute), it planned each window of the relay as a sort of all that is left, 42 MB written aside for 2,000 events. A relay reads no further than a window of its lanes needs now: 83,900 to 90,000 with nothing held.',
    'Appending, before 2026-11-22: ×0.55 beside a snapshot. The row of the log, which each append changed, was not the most of it: with the head taken from the last event nothing was won. Heads of aggregates were: a unique index goes through every old version at each look and each change, 36 µs of PostgreSQL an event became 100 within half a minute. They are found from their newest version now, by an index that is read backwards and makes no lists of equal entries.',
    'For ten minutes, by the same appends beside a snapshot and other work: 44 to 66 µs an event from the first to the last of 8 million (1,600 versions of each aggregate).',
  ],
  w8rpc: [
    'A call by itself has become cheaper (376 µs of events-service, 400 to 570 when the ratios were set, of which gRPC the most), and what is compared with it by less: 114 µs an event in a stream, 72 in a batch of 100, the start of a process in each. Before 2026-11-23 only the requests of the stream had an id: 340, 101 and 64 µs then.',
    'A profile of the stream: what is accepted and hashed takes a quarter, garbage and answers a tenth each, the start of the process and the statement a twentieth each; no function by itself above 6 %.',
    'Tried without gain: statements of 500 units in place of 128; new objects 16 or 32 MiB at a time in place of 8. Hashed in one call of the library, which is kept: too little to be seen here.',
  ],
  w13: [
    'Cursors are stored every 100 ms at most, as asked for, and a relay publishes up to 5,700 events in that time; the bound of 2,000 is that of one window. The median is below it here (667 and 0), single kills are not (3,333 and 2,667); on the morning of the same day the medians were 3,333 and 2,667. NOVA_RELAY_ADVANCE_INTERVAL_MS trades repetitions for writes.',
  ],
  w11: [
    'With @platformatic/kafka 31.5 ms clean and 45.8 with all troubles, rounds from 31 to 52; by the same consumer with kafkajs 32.7 and 36.4. By parts, three or four rounds each: a hot aggregate alone ×1.0, records too large ×1.06, poison ×1.13; hot and large together ×1.0, poison and large ×1.10, hot and poison ×1.21, all of them ×1.29 that day.',
    'So most of it is poison, which is tried three times before it is parked: a claim that is committed and a round of some 5 ms each time, on the one thread of the consumer. A live round waits 0.09 ms for one of them on average, 12.6 at most, which shows in the highest hundredth only.',
    "Tried: a record that Kafka refuses keeps the relay's producer (it cost a connection and a producer id for all partitions; kept, ×1.41 to ×1.24 in three rounds); the relay's own retries of what is parked switched off: ×1.38 in place of ×1.29, so nothing. What is too large is still read, sent and refused again after 1, 2, 4 s and so on, 100 KiB each time, as if that could change by itself.",
  ],
};
