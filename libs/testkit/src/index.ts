/**
 * What specs stand on: real servers shared by a jest run and started on demand, a database of its
 * own per spec file, servers of its own for a spec that kills them, and waiting without sleeping.
 *
 *   testPostgres, testRedis     shared by all spec files of a run (tools/jest-global-setup.mjs)
 *   testKafka                   shared by the spec files of a worker
 *   testDatabase                migrated once into a template, cloned per spec file
 *   privatePostgres, privateKafka, privateRedis   may be paused, killed, restarted
 *   privateStandby                  follows a PostgreSQL, until it is promoted
 *   privateKafkaCluster             the same with several brokers
 *   privateSecuredKafka             with a listener for TLS and passwords
 *   losingProxy                     carried out, but the answer is lost
 *   readyTopics                     made, and led by brokers that know of it
 *   stopwatch                   time as the process got it, for bounds that others must not break
 *   torturePart, tellTorture        how much of a long form is run, and what it came to
 *   testStack                   events-service, its relay and services as processes
 *
 * Nothing is left behind, also when jest is killed with -9: each server's guard (see
 * `@nova/servers`) then ends it and deletes its folder.
 */
export { freePorts } from '@nova/servers';
export { type LosingProxy, losingProxy } from './losing-proxy.ts';
export {
  type PrivateKafka,
  type PrivateKafkaCluster,
  type PrivateLinkedKafka,
  type PrivatePostgres,
  type PrivateRedis,
  type PrivateSecuredKafka,
  type PrivateServer,
  privateKafka,
  privateKafkaCluster,
  privateLinkedKafka,
  privatePostgres,
  privateRedis,
  privateSecuredKafka,
  privateStandby,
} from './private-server.ts';
export { randomName } from './random-name.ts';
export { readyTopics, type TopicMaker } from './ready-topics.ts';
export {
  type SharedPostgres,
  type TestKafka,
  testKafka,
  testPostgres,
  testRedis,
} from './spec-servers.ts';
export { stopwatch } from './stopwatch.ts';
export {
  type TestDatabase,
  type TestDatabaseOptions,
  type TestMigrations,
  testDatabase,
} from './test-database.ts';
export { type TestProcess, type TestService, type TestStack, testStack } from './test-stack.ts';
export { type TorturePart, tellTorture, torturePart } from './torture-part.ts';
export { type WaitOptions, waitFor } from './wait-for.ts';
