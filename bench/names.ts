/** The scenarios by name, in the order in which they run, each with its question in a few words. */
export const SCENARIO_NAMES = {
  w1: 'a backlog drains: the relay against loops over a table',
  w2: 'a backlog drains: the relay against Debezium (--with debezium)',
  w1b: 'the relay against its Kafka client sending from memory',
  w8: 'appends of many callers, together and one by one',
  w8rpc: 'what an event costs events-service: calls, batches, a stream',
  w4: 'large backlogs and hot aggregates',
  w3: 'from an append to a consumer at 500 events/s, against producing directly',
  w5: 'several relays beside each other',
  w9: 'events of Kafka into a view, in rounds and one by one',
  w9redis: 'marks of applied events in Redis, in rounds and one by one',
  w10: 'a view made anew from the log',
  w14: 'a relay while nothing happens',
  w14services: 'services while nothing happens',
  w13: 'a relay that is killed again and again',
  w11: 'poison, oversize and a hot aggregate beside other aggregates',
  e1: 'real chat logs, until they are in every view',
  w6: 'a snapshot or a transaction that is held for a minute',
} as const;

/** Name of a scenario. */
export type ScenarioName = keyof typeof SCENARIO_NAMES;

/** Peers that take part only when they are asked for: they have to be fetched, and take long. */
export const EXTRA_PEERS = ['debezium'] as const;

/** Name of such a peer. */
export type ExtraPeer = (typeof EXTRA_PEERS)[number];

/** Events of a large backlog unless --events says otherwise. */
export const DEFAULT_EVENTS = 200_000;
/** Rounds unless --rounds says otherwise. */
export const DEFAULT_ROUNDS = 5;
