/** A line of a log file, as far as it could be understood. */
export interface LogLine {
  readonly part: string;
  /** Milliseconds since 1970; undefined where the line carries no time (a continuation). */
  readonly timeMs: number | undefined;
  readonly level: string;
  readonly message: string;
  /** The further fields of a structured line. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** True for JSON written by pino. */
  readonly structured: boolean;
  readonly raw: string;
}

const PINO_LEVELS: Readonly<Record<string, string>> = {
  '10': 'trace',
  '20': 'debug',
  '30': 'info',
  '40': 'warn',
  '50': 'error',
  '60': 'fatal',
};

// PostgreSQL with log_line_prefix starting in %m: 2026-11-21 15:56:20.123 UTC [4711] LOG:  text
const POSTGRES = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) (?:UTC|GMT) (?:\[\d+\] )?(.*)$/;
const POSTGRES_LEVEL =
  /(?:^|\s)(DEBUG\d?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|STATEMENT):\s+/;
// Kafka, as libs/servers sets its log4j up: 2026-11-21T15:56:20.123Z INFO text
const LOG4J = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([A-Z]+) (.*)$/;

/** Reads one line of the log of `part`: pino JSON, PostgreSQL, log4j, or plain text. */
export function parseLogLine(part: string, raw: string): LogLine {
  return (
    parsePino(part, raw) ??
    parsePostgres(part, raw) ??
    parseLog4j(part, raw) ?? {
      part,
      timeMs: undefined,
      level: '',
      message: raw,
      fields: {},
      structured: false,
      raw,
    }
  );
}

function parsePino(part: string, raw: string): LogLine | undefined {
  if (!raw.startsWith('{')) return undefined;
  const parsed = parseObject(raw);
  if (parsed === undefined) return undefined;
  const { time, level, msg, ...fields } = parsed;
  const timeMs = typeof time === 'number' ? time : Date.parse(String(time));
  return {
    part,
    timeMs: Number.isNaN(timeMs) ? undefined : timeMs,
    level: PINO_LEVELS[String(level)] ?? String(level ?? ''),
    message: typeof msg === 'string' ? msg : '',
    fields,
    structured: true,
    raw,
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    // A JSON text that starts with a brace is an object.
    return parsed as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function parsePostgres(part: string, raw: string): LogLine | undefined {
  const match = POSTGRES.exec(raw);
  if (match === null) return undefined;
  const [, date, time, rest = ''] = match;
  const level = POSTGRES_LEVEL.exec(rest)?.[1] ?? '';
  return {
    part,
    timeMs: Date.parse(`${date}T${time}Z`),
    level: postgresLevel(level),
    message: rest.replace(POSTGRES_LEVEL, ' ').trim(),
    fields: {},
    structured: false,
    raw,
  };
}

function postgresLevel(level: string): string {
  switch (level) {
    case 'WARNING':
      return 'warn';
    case 'ERROR':
      return 'error';
    case 'FATAL':
    case 'PANIC':
      return 'fatal';
    default:
      return level.startsWith('DEBUG') ? 'debug' : 'info';
  }
}

function parseLog4j(part: string, raw: string): LogLine | undefined {
  const match = LOG4J.exec(raw);
  if (match === null) return undefined;
  const [, time = '', level = '', message = ''] = match;
  return {
    part,
    timeMs: Date.parse(time),
    level: level.toLowerCase(),
    message,
    fields: {},
    structured: false,
    raw,
  };
}
