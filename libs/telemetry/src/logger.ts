import { pino } from 'pino';
import type { LogFields } from './log-fields.ts';
import { serializeError } from './serialize-error.ts';
import { currentSpanIds } from './trace-context.ts';

/** Levels from the most talkative to none. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** Least level that is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes one JSON line per call. `msg` is a fixed lower-case sentence; what varies is a field. */
export interface Logger {
  debug(fields: LogFields, msg: string): void;
  info(fields: LogFields, msg: string): void;
  warn(fields: LogFields, msg: string): void;
  error(fields: LogFields, msg: string): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

/** Where lines go; each call carries one line with its line feed. */
export interface LogDestination {
  write(line: string): void;
}

/** What is kept of lines that cannot be written, until they can; later ones are lost. */
const KEPT_BYTES = 1024 * 1024;

const SECRETS = ['authorization', 'cookie', 'password', 'secret', 'token', 'api_key'];

/**
 * A logger for one process, with the fields of `conventions` §7 and the ids of the span in which
 * it is called.
 *
 * @param destination defaults to standard output, written at once so that nothing is lost when
 *   the process dies. Where it cannot be written, lines wait in memory, up to 1 MiB of them.
 */
export function createLogger({
  service,
  level = 'info',
  destination,
}: {
  readonly service: string;
  readonly level?: LogLevel;
  readonly destination?: LogDestination;
}): Logger {
  return pino(
    {
      level,
      base: { service },
      messageKey: 'msg',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => textForBigInts(fields),
        bindings: (fields) => textForBigInts(fields),
      },
      serializers: { err: (thrown: unknown) => serializeError(thrown) },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '********' },
      mixin: currentSpanIds,
      mixinMergeStrategy: (fields, ids) => ({ ...ids, ...fields }),
    },
    destination ?? standardOutput(),
  );
}

// A log that cannot be written (the disk is full) must not end the process: an error without a
// listener would, and telling of it would fail as well.
function standardOutput(): LogDestination {
  const output = pino.destination({ fd: 1, sync: true, maxLength: KEPT_BYTES });
  output.on('error', () => {});
  return output;
}

/** Logs nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

// JSON has no 64-bit integers: they are logged as decimal text, as everywhere in nova.
function textForBigInts(fields: Record<string, unknown>): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'bigint') continue;
    copy ??= { ...fields };
    copy[name] = String(value);
  }
  return copy ?? fields;
}
