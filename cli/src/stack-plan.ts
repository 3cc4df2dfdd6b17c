import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isNovaError, NovaError } from '@nova/errors';
import {
  ensureJava,
  ensureKafkaJars,
  ensureRedis,
  hasKafkaJars,
  kafkaServer,
  postgresServer,
  type RedisProgram,
  redisServer,
  type ServerProcess,
  errors as serverErrors,
} from '@nova/servers';
import type { Clock } from '@nova/time';
import { errors } from './errors.ts';
import { parseLogLine } from './logs/log-line.ts';
import { repositoryRoot } from './repository.ts';
import { runCommand } from './run-command.ts';
import type { Stack } from './stack.ts';
import { stackServices } from './stack-services.ts';
import { partProcess } from './supervise/part-process.ts';
import { serviceEnvironment, serviceProcess } from './supervise/service-process.ts';
import { SupervisedPart } from './supervise/supervised-part.ts';
import type { PlanStep } from './supervise/supervisor.ts';
import type { Watcher } from './supervise/supervisor-event.ts';
import { untilHealthy } from './supervise/until-healthy.ts';
import { untilTopicsReady } from './topics/topics-ready.ts';

/** A process of the stack. */
export interface PartRow {
  readonly name: string;
  /** Steps and parts that must be done before it starts. */
  readonly needs: readonly string[];
  /** Parts that must not be stopped before it. */
  readonly uses?: readonly string[];
  readonly address: string;
  /** Where it tells about its health; only nova's own services do. */
  readonly opsPort?: number;
  readonly grpcPort?: number | undefined;
  /** It has consumers, which tell how they are doing. */
  readonly consumes?: boolean;
  /** nova runs without it: where it cannot be had, the stack is up all the same. */
  readonly dispensable?: boolean;
  /** `held`: it watches its input, which ends with the supervisor. */
  readonly stdin: 'none' | 'held';
  readonly server: ServerProcess;
}

/** Programs that are known only once they have been looked for, or installed. */
interface Tools {
  java: string;
  jarsDir: string;
  /** Undefined where this machine has none. */
  redis: RedisProgram | undefined;
}

const NOT_LOOKED_FOR: Readonly<Tools> = { java: '', jarsDir: '', redis: undefined };

/** How long PostgreSQL, which has answered before, may seem to be away. */
const MIGRATED_WITHIN_MS = 30_000;
/** How long Kafka may take to open the partitions of new topics. */
const TOPICS_WITHIN_MS = 60_000;

/** The processes of a stack, in the order of `status`. */
export function stackParts(
  stack: Stack,
  tools: Readonly<Tools> = NOT_LOOKED_FOR,
): readonly PartRow[] {
  const { ports } = stack;
  const services = stackServices(stack).map(({ needs, uses, ...row }) => ({
    name: row.name,
    needs,
    uses,
    address: `localhost:${row.grpcPort ?? row.opsPort}`,
    opsPort: row.opsPort,
    grpcPort: row.grpcPort,
    consumes: row.consumes,
    stdin: 'held' as const,
    server: serviceProcess(row),
  }));
  return [
    {
      name: 'postgres',
      needs: [],
      address: `localhost:${ports.postgres}`,
      stdin: 'none',
      server: postgresServer({
        dataDir: join(stack.dataDirectory, 'postgres'),
        port: ports.postgres,
        superuserPassword: stack.superuserPassword,
        accounts: stack.accounts,
      }),
    },
    {
      name: 'kafka',
      needs: ['kafka jars'],
      address: `localhost:${ports.kafka}`,
      stdin: 'none',
      server: kafkaWith(stack, tools),
    },
    {
      name: 'redis',
      needs: ['redis program'],
      address: `localhost:${ports.redis}`,
      dispensable: true,
      stdin: 'none',
      server: redisWith(stack, tools),
    },
    ...services,
  ];
}

/** Everything `up` does, as steps that wait for each other. */
export function stackPlan(
  stack: Stack,
  given: { clock: Clock; watch: Watcher; changed: () => void },
): readonly PlanStep[] {
  const tools: Tools = { ...NOT_LOOKED_FOR };
  const rows = stackParts(stack, tools);
  const parts = rows.map(({ name, needs, uses = [], server, stdin, dispensable }): PlanStep => {
    const process = partProcess(server, join(stack.logDirectory, `${name}.log`), stdin);
    const part = new SupervisedPart(process, given.clock, given.watch, given.changed);
    const missing = () => (tools.redis === undefined ? 'left out: there is none' : undefined);
    return { name, needs, uses, part, ...(dispensable === true ? { leftOut: missing } : {}) };
  });
  return [
    { name: 'java', needs: [], task: () => findTools(stack, tools) },
    { name: 'kafka jars', needs: ['java'], task: () => findJars(stack, tools) },
    { name: 'redis program', needs: [], task: () => findRedisProgram(stack, tools) },
    { name: 'migrations', needs: ['postgres'], task: () => migrate(stack, given.clock) },
    ...parts,
    // The relay makes them.
    {
      name: 'topics',
      needs: ['kafka', 'relay'],
      task: () => topicsOpen(stack, given.clock),
    },
    {
      name: 'health',
      needs: [...rows.map(({ name }) => name), 'topics'],
      task: () => untilHealthy(rows, given.clock),
    },
  ];
}

function kafkaWith(stack: Stack, tools: Readonly<Tools>): ServerProcess {
  return atEachStart(() =>
    kafkaServer({
      dataDir: join(stack.dataDirectory, 'kafka'),
      port: stack.ports.kafka,
      controllerPort: stack.ports.kafkaController,
      java: tools.java,
      jarsDir: tools.jarsDir,
    }),
  );
}

function redisWith(stack: Stack, tools: Readonly<Tools>): ServerProcess {
  return atEachStart(() =>
    redisServer({
      dataDir: join(stack.dataDirectory, 'redis'),
      port: stack.ports.redis,
      program: tools.redis ?? { file: 'redis-server', libraryPath: '' },
    }),
  );
}

// Asks for its tools at every start: they are found while the plan runs.
function atEachStart(server: () => ServerProcess): ServerProcess {
  const { name, stopSignal } = server();
  return {
    name,
    stopSignal,
    prepare: () => server().prepare(),
    command: () => server().command(),
    ready: () => server().ready(),
  };
}

async function findTools(stack: Stack, tools: Tools): Promise<string> {
  const found = await ensureJava({ needsMaven: !hasKafkaJars(stack.cacheDirectory) });
  tools.java = found.java;
  return `Java ${found.javaVersion}`;
}

async function findJars(stack: Stack, tools: Tools): Promise<string> {
  const cached = hasKafkaJars(stack.cacheDirectory);
  const maven = cached ? undefined : (await ensureJava({ needsMaven: true })).maven;
  tools.jarsDir = await ensureKafkaJars(stack.cacheDirectory, { maven });
  return cached ? 'cached' : 'fetched with Maven';
}

// nova runs without it: what uses it has another way, or is off.
async function findRedisProgram(stack: Stack, tools: Tools): Promise<string> {
  try {
    tools.redis = await ensureRedis(stack.cacheDirectory);
    return `Redis ${tools.redis.version}`;
  } catch (thrown) {
    if (!isNovaError(thrown, serverErrors.SERVERS_REDIS_MISSING)) throw thrown;
    return 'none to be had; see ./nova doctor';
  }
}

async function migrate(stack: Stack, clock: Clock): Promise<string> {
  const [row] = stackServices(stack);
  if (row === undefined) return '';
  const giveUpAt = clock.monotonicMs() + MIGRATED_WITHIN_MS;
  for (;;) {
    const end = await runCommand({
      program: process.execPath,
      args: ['src/main.ts', '--migrate'],
      directory: join(repositoryRoot, 'services', row.folder),
      environment: serviceEnvironment(row),
      show: 'collect',
      timeoutMs: 60_000,
    });
    writeFileSync(join(stack.logDirectory, 'migrations.log'), end.output);
    if (end.exitCode === 0) return '';
    const lines = end.output.trimEnd().split('\n');
    const told = parseLogLine('migrations', lines.at(-1) ?? '').fields;
    const code = String(told['error_code']);
    // On a busy machine a server that has just started may keep a new connection waiting too long.
    if (code === 'NOVA_POSTGRES_UNAVAILABLE' && clock.monotonicMs() < giveUpAt) continue;
    const reason = String(told['reason'] ?? `it ended with exit code ${end.exitCode}`);
    if (/^NOVA_POSTGRES_MIGRATION_(CHANGED|UNKNOWN)$/.test(code)) {
      throw new NovaError(errors.CLI_DATA_OTHER_VERSION, { reason });
    }
    const tail = `; its last log lines:\n  ${lines.slice(-12).join('\n  ')}`;
    throw new NovaError(errors.CLI_START_FAILED, { part: 'migrations', reason, tail });
  }
}

async function topicsOpen(stack: Stack, clock: Clock): Promise<string> {
  const brokers = [`localhost:${stack.ports.kafka}`];
  return `${await untilTopicsReady(brokers, clock, TOPICS_WITHIN_MS)} topics`;
}
