import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { freemem } from 'node:os';
import { dirname, join } from 'node:path';
import { isNovaError, messageOf } from '@nova/errors';
import {
  cacheDirectory,
  findJava,
  findMaven,
  findPostgres,
  findRedis,
  hasKafkaJars,
  installLine,
  isPortFree,
  type PortPlan,
  portHolder,
  portPlan,
  redisRemedy,
  STATE_FORMAT,
  stateFormat,
} from '@nova/servers';
import type { Clock } from '@nova/time';
import { wantedPorts } from '../check-ports.ts';
import { freeBytes } from '../full-disk.ts';
import { repositoryRoot } from '../repository.ts';
import { type StackChoice, type StackFolders, stackFolders } from '../stack.ts';
import { isAlive } from '../supervise/process-table.ts';
import { livingParts, readRecord } from '../supervise/supervisor-state.ts';
import { doubtful, type Finding, fine, wrong } from './finding.ts';
import { judgeClock, judgeDisk, judgeMemory, judgeNode } from './judge-machine.ts';

/** A stack as far as it is known without opening its state, which may be unusable. */
interface Examined extends StackFolders {
  readonly cacheDirectory: string;
  readonly portOffset: number;
  readonly ports: PortPlan;
}

/** Looks at everything that may keep a stack from starting or working. Never rejects. */
export async function examine(choice: StackChoice, clock: Clock): Promise<Finding[]> {
  const stack: Examined = {
    ...stackFolders(choice),
    cacheDirectory: cacheDirectory(choice.environment),
    portOffset: choice.portOffset,
    ports: portPlan(choice.portOffset),
  };
  const record = readRecord(stack.runDirectory);
  const running = record !== undefined && isAlive(record.supervisor);
  const examinations: readonly [subject: string, look: () => Finding[] | Promise<Finding[]>][] = [
    ['Node', () => [judgeNode(process.version)]],
    ['Java', () => examineJava()],
    ['Maven', () => examineMaven(stack)],
    ['PostgreSQL', () => [examinePostgres()]],
    ['Redis', () => examineRedis(stack)],
    ['folders', () => [stack.directory, stack.cacheDirectory].map(examineFolder)],
    ['state', () => [examineState(stack)]],
    ['disk', () => [judgeDisk(stack.directory, freeBytes(existing(stack.directory)))]],
    ['memory', () => [judgeMemory(availableMemory(), running)]],
    ['clock', () => [examineClock(stack, clock)]],
    ['processes', () => examineProcesses(stack)],
    ['ports', () => (running ? [] : examinePorts(stack))],
  ];
  const found = await Promise.all(
    examinations.map(async ([subject, look]) => {
      try {
        return await look();
      } catch (thrown) {
        return [wrong(subject, messageOf(thrown), remedyOf(thrown))];
      }
    }),
  );
  return found.flat();
}

async function examineJava(): Promise<Finding[]> {
  const java = await findJava();
  if ('problem' in java) return [wrong('Java', java.problem, `${installLine()}`)];
  return [fine('Java', `${java.version} (${java.path})`)];
}

async function examineMaven(stack: Examined): Promise<Finding[]> {
  const maven = await findMaven();
  if (!('problem' in maven)) return [fine('Maven', maven.version)];
  if (hasKafkaJars(stack.cacheDirectory)) {
    return [fine('Maven', `${maven.problem}; not needed, the jars of Kafka are cached`)];
  }
  return [wrong('Maven', maven.problem, installLine())];
}

function examinePostgres(): Finding {
  const { version, mendedLinks } = findPostgres();
  if (mendedLinks.length === 0) return fine('PostgreSQL', version);
  const links = `${mendedLinks.length} library links of PostgreSQL were broken and have been mended`;
  return doubtful('PostgreSQL', links, 'Nothing to do; ./nova up works again.');
}

// Where it is missing `up` tries to fetch it, and goes on without it.
async function examineRedis(stack: Examined): Promise<Finding[]> {
  const redis = await findRedis(stack.cacheDirectory);
  if ('version' in redis) return [fine('Redis', `${redis.version} (${redis.file})`)];
  const fetched = `./nova up fetches it on Debian and Ubuntu. Else: ${redisRemedy()}`;
  return [doubtful('Redis', `${redis.problem}; nova runs without it`, fetched)];
}

function examineFolder(directory: string): Finding {
  try {
    accessSync(existing(directory), constants.W_OK);
    return fine('folder', directory);
  } catch (thrown) {
    const remedy = 'Make it writable, or set NOVA_STATE_DIR or NOVA_CACHE_DIR to another folder.';
    return wrong('folder', `${directory} cannot be written: ${messageOf(thrown)}`, remedy);
  }
}

// The folder, or the one above it in which it would be made.
function existing(directory: string): string {
  return existsSync(directory) ? directory : existing(dirname(directory));
}

function examineState({ directory }: Examined): Finding {
  const found = stateFormat(directory);
  if (found === undefined) return fine('state', 'none yet');
  if (found === String(STATE_FORMAT)) return fine('state', `format ${found}`);
  return wrong(
    'state',
    `${directory} has format ${found}, this version of nova knows format ${STATE_FORMAT}`,
    'Forget all data with ./nova reset, or use the version of nova that made it.',
  );
}

function availableMemory(): number {
  try {
    const text = readFileSync('/proc/meminfo', 'utf8');
    const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux.
  }
  return freemem();
}

function examineClock(stack: Examined, clock: Clock): Finding {
  const state = readRecord(stack.runDirectory)?.startedAt;
  const past =
    state === undefined
      ? { ms: statSync(join(repositoryRoot, 'package.json')).mtimeMs, what: 'package.json' }
      : { ms: Date.parse(state), what: 'the last ./nova up' };
  return judgeClock(clock.now().getTime(), past.ms, past.what);
}

function examineProcesses(stack: Examined): Finding[] {
  const record = readRecord(stack.runDirectory);
  if (record === undefined) return [fine('processes', 'nothing is running')];
  if (isAlive(record.supervisor)) {
    return record.parts.map(({ name, state, restarts, lastExit }) =>
      restarts < 3
        ? fine(name, state)
        : doubtful(name, `restarted ${restarts} times; ${lastExit ?? ''}`, `./nova logs ${name}`),
    );
  }
  const left = livingParts(record).map(({ name, process }) => `${name} (pid ${process?.pid})`);
  if (left.length === 0) {
    return [
      doubtful(
        'processes',
        `the supervisor (pid ${record.supervisor.pid}) ended without stopping, and its state is left`,
        'Start again with ./nova up, or clear it with ./nova down.',
      ),
    ];
  }
  return [
    wrong(
      'processes',
      `the supervisor is gone, but these still run: ${left.join(', ')}`,
      'Stop them with ./nova down.',
    ),
  ];
}

async function examinePorts(stack: Examined): Promise<Finding[]> {
  return Promise.all(
    wantedPorts(stack).map(async ({ port, what, setting }) => {
      if (await isPortFree(port)) return fine(`port ${port}`, `free for ${what}`);
      const holder = portHolder(port);
      const by = holder === undefined ? '' : ` by process ${holder.pid}, ${holder.command}`;
      return wrong(
        `port ${port}`,
        `wanted for ${what} (${setting}) and used${by}`,
        'End that process, or shift all ports: ./nova up --port-offset 1000',
      );
    }),
  );
}

function remedyOf(thrown: unknown): string {
  return isNovaError(thrown) ? thrown.kind.hint : 'Run ./nova doctor with NOVA_DEBUG=1.';
}
