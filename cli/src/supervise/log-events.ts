import type { LogFields, Logger } from '@nova/telemetry';
import { errors } from '../errors.ts';
import { parseLogLine } from '../logs/log-line.ts';
import type { PartExit, SupervisorEvent, Watcher } from './supervisor-event.ts';

interface Entry {
  readonly level: 'debug' | 'info' | 'error';
  readonly fields: LogFields;
  readonly message: string;
}

/** A watcher that writes every event to the log of the supervisor. */
export function loggingWatcher(logger: Logger): Watcher {
  return (event) => {
    const { level, fields, message } = entryOf(event);
    logger[level](fields, message);
  };
}

function entryOf(event: SupervisorEvent): Entry {
  switch (event.kind) {
    case 'step_started':
      return { level: 'debug', fields: { name: event.step }, message: 'step started' };
    case 'step_done':
      return { level: 'info', fields: timed(event.step, event.ms), message: 'step done' };
    case 'part_exited':
      return { level: 'error', fields: exitFields(event.exit), message: 'part ended by itself' };
    case 'part_recovered':
      return { level: 'info', fields: timed(event.part, event.ms), message: 'part is back' };
    case 'ready':
      return {
        level: 'info',
        fields: { duration_ms: Math.round(event.ms) },
        message: 'everything answers',
      };
    case 'failed':
      return {
        level: 'error',
        fields: { error_code: event.failure.code, reason: event.failure.message },
        message: 'start failed',
      };
    case 'stopping':
      return { level: 'info', fields: {}, message: 'stopping' };
    case 'part_stopped':
      return {
        level: 'info',
        fields: { name: event.part, outcome: event.killed ? 'killed' : 'drained' },
        message: 'part stopped',
      };
  }
}

function timed(name: string, ms: number): LogFields {
  return { name, duration_ms: Math.round(ms) };
}

function exitFields({ part, exitCode, signal, upMs, restartInMs, lastLines }: PartExit): LogFields {
  return {
    ...timed(part, upMs),
    ...(exitCode === null ? {} : { exit_code: exitCode }),
    ...(signal === null ? {} : { signal }),
    retry_in_ms: Math.round(restartInMs),
    reason: parseLogLine(part, lastLines.at(-1) ?? '').message,
    error_code: errors.CLI_PART_ENDED.code,
  };
}
