import { type Environment, printConfig, processEnvironment, type Settings } from '@nova/config';
import { isNovaError, messageOf, NovaError } from '@nova/errors';
import { onStopSignal } from '@nova/lifecycle';
import {
  createLogger,
  type Logger,
  prepareMetrics,
  setMetricsService,
  stopTelemetry,
} from '@nova/telemetry';
import { errors as timeErrors, withDeadline } from '@nova/time';
import type { ServiceDefinition } from './define.ts';
import { errors } from './errors.ts';
import { helpText } from './help.ts';
import { declaredSettings, type Loaded, loadService } from './load.ts';
import { contextOf, type RunningService, startService } from './start.ts';

/** Exit codes of a service process. */
const DONE = 0;
const FAILED = 1;
const WRONG_USE = 2;

/**
 * The whole life of a service process: what main files call. Reads the settings, serves until
 * SIGTERM, SIGINT or, when supervised, the end of standard input; drains for at most
 * NOVA_DRAIN_TIMEOUT_MS; exits 0, or 1 after a failure. A second signal ends it at once.
 */
export async function runService<S extends Settings>(
  definition: ServiceDefinition<S>,
  args: readonly string[] = process.argv.slice(2),
  environment: Environment = processEnvironment,
): Promise<void> {
  const commands = definition.commands ?? {};
  const [given, ...rest] = args;
  if (given === '--help') {
    process.stdout.write(helpText(definition.name, commands, declaredSettings(definition)));
    return;
  }
  const command = given?.startsWith('--') ? commands[given.slice(2)] : undefined;
  const known = given === undefined || given === '--print-config' || command !== undefined;
  if (!known || rest.length > 0) {
    process.stderr.write(`unknown argument ${rest[0] ?? given}; see --help\n`);
    process.exitCode = WRONG_USE;
    return;
  }
  const loaded = loadOrReport(definition, environment);
  if (loaded === undefined) return;
  if (given === '--print-config') {
    process.stdout.write(`${printConfig(loaded.declared, loaded.config)}\n`);
    return;
  }
  const logger = createLogger({ service: definition.name, level: loaded.config.logLevel });
  if (command !== undefined) {
    await once(() => command.run(contextOf(loaded, logger, () => {})), logger);
    return;
  }
  setMetricsService(definition.name);
  await serve(definition, loaded, logger);
  prepareMetrics();
}

function loadOrReport<S extends Settings>(
  definition: ServiceDefinition<S>,
  environment: Environment,
): Loaded<S> | undefined {
  try {
    return loadService(definition, environment);
  } catch (thrown) {
    process.stderr.write(`${definition.name}: ${messageOf(thrown)}\n`);
    process.exitCode = FAILED;
    return undefined;
  }
}

async function once(run: () => Promise<void>, logger: Logger): Promise<never> {
  try {
    await run();
  } catch (thrown) {
    logger.error(failure(thrown), 'command failed');
    process.exit(FAILED);
  }
  process.exit(DONE);
}

async function serve<S extends Settings>(
  definition: ServiceDefinition<S>,
  loaded: Loaded<S>,
  logger: Logger,
): Promise<void> {
  const { drainTimeoutMs, supervised } = loaded.config;
  let running: RunningService | undefined;
  let ending = false;
  const end = async (code: number, reason: string): Promise<void> => {
    // A stop while stopping means that somebody does not want to wait any longer.
    if (ending) process.exit(FAILED);
    ending = true;
    logger.info({ component: 'service-kit', outcome: reason }, 'service is draining');
    process.exit((await drained(running, drainTimeoutMs, logger)) ? code : FAILED);
  };
  const crash = (what: string) => (thrown: unknown) => {
    const error = new NovaError(
      errors.SERVICE_CRASHED,
      { what, reason: messageOf(thrown) },
      { cause: thrown },
    );
    logger.error({ ...failure(error), err: thrown }, 'service crashed');
    process.exit(FAILED);
  };
  // Node's own warnings go there; on a full disk they are lost, and no reason to end.
  process.stderr.on('error', () => {});
  process.on('unhandledRejection', crash('unhandled rejection'));
  process.on('uncaughtException', crash('uncaught exception'));
  listenForStop(supervised === '1', (reason) => void end(DONE, reason));
  const context = contextOf(loaded, logger, (thrown) => {
    logger.error(failure(thrown), 'part crashed');
    void end(FAILED, 'part crashed');
  });
  try {
    running = await startService(definition, context);
  } catch (thrown) {
    logger.error(failure(thrown), 'service could not start');
    process.exit(FAILED);
  }
}

/** False when the time ran out or a part failed while stopping; the process ends either way. */
async function drained(
  running: RunningService | undefined,
  timeoutMs: number,
  logger: Logger,
): Promise<boolean> {
  if (running === undefined) return true;
  try {
    await withDeadline(running.stop().then(stopTelemetry), timeoutMs, 'draining');
    logger.info({ component: 'service-kit', outcome: 'stopped' }, 'service stopped');
    return true;
  } catch (thrown) {
    const late = isNovaError(thrown, timeErrors.TIME_DEADLINE_EXCEEDED);
    const error = late ? new NovaError(errors.SERVICE_DRAIN_TIMEOUT, { ms: timeoutMs }) : thrown;
    logger.error(failure(error), 'service did not drain');
    return false;
  }
}

function listenForStop(supervised: boolean, stop: (reason: string) => void): void {
  const listen = () => {
    onStopSignal((signal) => {
      listen();
      stop(signal);
    });
  };
  listen();
  if (!supervised) return;
  let ended = false;
  const gone = () => {
    if (ended) return;
    ended = true;
    stop('supervisor gone');
  };
  process.stdin.on('end', gone).on('close', gone).on('error', gone).resume();
}

function failure(thrown: unknown) {
  return {
    component: 'service-kit',
    error_code: isNovaError(thrown) ? thrown.code : 'NOVA_INTERNAL_BUG',
    reason: messageOf(thrown),
  };
}
