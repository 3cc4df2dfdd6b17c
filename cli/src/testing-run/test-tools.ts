import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NovaError } from '@nova/errors';
import { cacheDirectory, ensureKafka, ensureRedis } from '@nova/servers';
import { childEnvironment } from '../child-environment.ts';
import { errors } from '../errors.ts';
import { type CommandEnd, runCommand } from '../run-command.ts';
import type { Tool } from '../test-steps.ts';

/** How a tool is called, where it comes from, and the line that brings it. */
interface Source {
  readonly debianPackage?: string;
  readonly goModule?: string;
  readonly remedy: string;
}

const SOURCES: Readonly<Record<Tool, Source>> = {
  kcat: { debianPackage: 'kcat', remedy: 'apt-get install kcat, or brew install kcat' },
  psql: {
    debianPackage: 'postgresql-client',
    remedy: 'apt-get install postgresql-client, or brew install libpq',
  },
  grpcurl: {
    goModule: 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3',
    remedy: 'go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3',
  },
};

const INSTALL_TIMEOUT_MS = 300_000;

/** The tools of `wanted` that are in none of the folders of `path`. */
export function missingTools(wanted: readonly Tool[], path: string): Tool[] {
  const folders = path.split(':').filter((folder) => folder !== '');
  return wanted.filter((tool) => !folders.some((folder) => isExecutable(join(folder, tool))));
}

/**
 * Sets up one tool: from Debian's packages as root on Debian or Ubuntu, by `go install` into
 * `binDirectory` where Go is there.
 *
 * @throws CLI_TOOL_MISSING with the line that installs it by hand.
 */
export async function setUpTool(tool: Tool, binDirectory: string): Promise<void> {
  const { debianPackage, goModule, remedy } = SOURCES[tool];
  let end: CommandEnd = { exitCode: 1, output: 'not root on Debian or Ubuntu' };
  if (goModule !== undefined) {
    mkdirSync(binDirectory, { recursive: true });
    end = await run('go', ['install', goModule], { GOBIN: binDirectory, GOFLAGS: '-mod=mod' });
  } else if (debianPackage !== undefined && process.getuid?.() === 0 && isDebian()) {
    const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
    const install = ['install', '-y', '--no-install-recommends', debianPackage];
    end = await run('apt-get', install, quiet);
    if (end.exitCode !== 0) {
      await run('apt-get', ['update'], quiet);
      end = await run('apt-get', install, quiet);
    }
  }
  if (end.exitCode === 0) return;
  const reason = end.output.trim().split('\n').at(-1) ?? 'unknown';
  throw new NovaError(errors.CLI_TOOL_MISSING, { tool, reason, remedy });
}

/**
 * Fetches what Kafka and Redis run on where it is missing: minutes on a machine that is new, which no
 * spec has. What cannot be had is for the spec to tell that needs it. Never rejects.
 */
export async function fetchServers(): Promise<void> {
  for (const fetch of [ensureKafka, () => ensureRedis(cacheDirectory())]) {
    await fetch().catch(() => {});
  }
}

function run(program: string, args: readonly string[], more: Record<string, string>) {
  return runCommand({
    program,
    args,
    directory: '/',
    environment: childEnvironment(more, ['/usr/local/go/bin']),
    show: 'collect',
    timeoutMs: INSTALL_TIMEOUT_MS,
  });
}

function isDebian(): boolean {
  if (!existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
