/**
 * PostgreSQL, Kafka and Redis as local processes, without Docker: find or fetch their programs, make their
 * data, start them, ask them until they answer, stop them, and see to it that they never outlive
 * the process that started them.
 *
 *   prepare   files and folders; harmless when they are there; mends what kill -9 left
 *   launch    guarded: ends with its parent, however that ends
 *   ready     one real request of the server's own protocol, with a deadline
 *   stop      its stop signal, then force
 *
 * What restarts servers and shows them to a user is the command line's; what gives each spec its
 * own database is testkit's.
 */
export { baseEnvironment } from './base-environment.ts';
export { errors } from './errors.ts';
export type { Guard } from './guard.ts';
export { type Found, findJava, findMaven, MINIMUM_JAVA } from './java/find-java.ts';
export { canInstall, ensureJava, installLine, type JavaTools } from './java/install-java.ts';
export { ensureKafka } from './kafka/ensure-kafka.ts';
export { kafkaClusterId } from './kafka/format.ts';
export {
  ensureKafkaJars,
  hasKafkaJars,
  jarDifferences,
  KAFKA_VERSION,
  kafkaJarsDir,
} from './kafka/jars.ts';
export {
  type KafkaConnect,
  type KafkaConnectOptions,
  kafkaConnect,
} from './kafka/kafka-connect.ts';
export { type KafkaOptions, kafkaServer } from './kafka/kafka-server.ts';
export { type LaunchedProcess, type LaunchOptions, launchProcess } from './launch-process.ts';
export { lastLines } from './log-tail.ts';
export { type PortHolder, portHolder } from './port-holder.ts';
export {
  freePorts,
  isPortFree,
  isPortOffset,
  PORT_OFFSET_MAX,
  PORT_OFFSET_STEP,
  type PortName,
  type PortPlan,
  portPlan,
  requireFreePorts,
  type WantedPort,
} from './ports.ts';
export { findPostgres, mendLinks, type PostgresBinaries } from './postgres/binaries.ts';
export { type PostgresOptions, postgresServer } from './postgres/postgres-server.ts';
export { type DatabaseAccount, SUPERUSER } from './postgres/roles.ts';
export { type EnsureRedisOptions, ensureRedis, redisRemedy } from './redis/fetch-redis.ts';
export { findRedis, type RedisProgram } from './redis/redis-program.ts';
export { type RedisOptions, redisServer } from './redis/redis-server.ts';
export { type PortReservation, reservePorts } from './reserve-ports.ts';
export {
  describeEnd,
  type ProcessCommand,
  type ProcessEnd,
  type ServerProcess,
} from './server-process.ts';
export { cacheDirectory, settings } from './settings.ts';
export { type RunningServer, type StartOptions, startServer } from './start-server.ts';
export {
  type Endpoint,
  endpointsOf,
  type ServiceName,
  writeEndpoints,
} from './state/endpoints.ts';
export {
  DATABASES,
  type DatabaseName,
  openState,
  otherOffsets,
  STATE_ENTRIES,
  STATE_FORMAT,
  type StateChoice,
  type StateFolder,
  stateDirectory,
  stateFormat,
} from './state/open-state.ts';
