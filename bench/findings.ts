import type { Findings } from './harness/report.ts';

/**
 * Why something is slower than hoped, for the report: what was looked into, and what was tried. Only
 * what was measured.
 */
export const findings: Findings = {
  w1: [
    "The specification's loop waits for Kafka and PostgreSQL for each event, everything else computes, and the machine is slower than when the ratios were set the day before: batches of 500 drained 25,400–27,900 events/s then and 8,506 now, the loop 590–1,036 then and 654 now. A ratio to the loop says as much about the machine as about the relay; the ratio to batches of 500 does not.",
    '@platformatic/kafka sends a request for each partition, our kafkajs one for all partitions of a broker: the broker takes 19.7 CPU-s per million in place of 8.3, and the relay 95 in place of 81. Until that driver shares requests too, kafkajs is the faster one in the relay, although it is the slower one from memory, where a send has some 800 records.',
    'Tried with kafkajs (since): one request per broker for all partitions of a window, headers without an object each, and no 64-bit counting per partition: from 8,633 events/s and ×1.07 of batches of 500 to 14,447 and ×1.7 on machines of the same speed.',
    'Tried before: windows of 4,000, 8,000 and 16,000 events in place of 2,000 (2 rounds of 40,000 events, others up to 50 % in some turns): 9,700 to 11,400 events/s with @platformatic/kafka, 5,600 to 7,400 with kafkajs as it was then. The default stays 2,000: what is in one window is what can be sent twice. NOVA_RELAY_WINDOW_ROWS sets it.',
    'A profile of the process with @platformatic/kafka, 40,000 events, start included: producing 22 % (the client 15 %), reading and decoding rows 11 %, garbage 10 %, idle 11 %, loading modules 15 %; no function by itself above 4 %.',
  ],
  w1b: [
    'Both clients send some 800 records at a time from memory, and the relay about 40 of a partition: a window of 2,000 over 48 partitions. What remains is reading and decoding rows and making headers (79 CPU-s per million in place of 59 with kafkajs, 97 in place of 56 with @platformatic/kafka), PostgreSQL on the same two cores (9), and for @platformatic/kafka a request per partition, see w1.',
  ],
  w9: [
    'A round takes 0.15 ms of the consumer and 0.05 ms of PostgreSQL for an event, joining the group and compiling included; one by one it is 0.69 and 0.51. So with the same processor it is six times as much; 25 times needs 17,300 events/s here, for which both cores had to do nothing else for 0.12 ms an event. The ratio was 12 while others had up to half of the machine, as what waits for its turn at every message loses more by that.',
    'Tried since: rows that are new are copied in where a view is filled from the log (a third of the processor of PostgreSQL for such a row); rounds of Kafka write as before, since their statements share packets, which COPY cannot. Records decoded without an object per header: 24 µs to 9.5 µs each.',
  ],
  w9redis: [
    'Redis takes 7 µs for a mark by its two scripts (HGET; HGET, HSET, PEXPIRE): by itself 140,000 a second at most, where SET NX needs 17 µs with its packet and reaches 22,500, one connection. On a quiet machine a round trip is short: 15 times needs 338,000 marks a second of one Redis thread.',
  ],
  w3: [
    'With @platformatic/kafka every partition of a window is a request of its own, see w1: at 500 events/s over 48 partitions the broker answers them one after the other, and the next window waits for all of them. Sent directly that client is at its best, one record and one request at a time. kafkajs is the default.',
    'Against Debezium p50 with kafkajs: a window is read when the one before is acknowledged, at most every 4 ms. Tried: pauses of up to 16 ms after a slow window, by its length (2 turns each at 100 events/s with all services, beside other work): no difference beyond that of one turn to the next.',
    'One round: the scenario with Debezium takes five minutes a round.',
  ],
  e1: [
    'Bound by the processor: 276 s of it for 255,327 events, the command that imports not counted, on two cores in 152 s, and every view is within a second of the log. PostgreSQL takes 381 of 1,083 µs an event, events-service 163, the views 119 to 144 each. On the machine of the day before, on which the same loop of Python took a third of the time, nothing was measured since.',
    'Found: what waits in an index of search to be sorted in was 4 MiB, and whoever found it full needed longer than a statement may: three rounds of search were cancelled in an import, and search was 92 s behind in the end. 512 KiB now.',
  ],
  w10: [
    'The consumer and PostgreSQL take turns: 70 and 96 µs an event are together the 168 µs that it takes. 7 s for 100,000 events were meant for a machine on which the same loop of Python takes a third of the time. Tried: rows that are new are copied in (8 to 11 µs a row in PostgreSQL in place of 21.6); the rest is marks, rows that are read and rows that change. Not yet tried: two rounds at a time, of lanes that have nothing in common, so that both cores work.',
  ],
  w2: [
    'The rate is that of the last nine tenths; from its start nova is nearly three times as fast, as Kafka Connect needs seconds to begin. Own processor is 55 to 82 µs an event with kafkajs, of which the client alone takes 59 from memory (w1b): half of what Debezium takes would need a client that costs less. With @platformatic/kafka see w1: a request for each partition.',
    'Memory: the most that the process ever had is 335 to 353 MiB, 345 already with 60,000 events; windows of 4 MiB, the records of the window in work and of the next, and what V8 has not yet collected. It was not looked into which.',
  ],
  w5: [
    '60,000 events, of which each of eight relays has 7,500: what a process compiles, and its windows for few events, weigh the more the more relays there are. How much of it is the one and the other was not measured; the default is 200,000 events.',
  ],
  w8rpc: [
    '60,000 events in place of 200,000: a process is started for each turn, and what it compiles weighs more on the ways that cost least. Close enough to the floors that it was not looked into further.',
  ],
};
