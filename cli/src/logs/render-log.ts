import type { Style } from '../output.ts';
import type { LogLine } from './log-line.ts';

// In every line of a service, and said by the prefix already.
const LEFT_OUT = new Set(['service', 'pid', 'hostname', 'v']);

/** One line for people: time, part, level, message, then the fields as `name=value`. */
export function renderLogLine(line: LogLine, partWidth: number, style: Style): string {
  const head = `${style.faint(timeOf(line))} ${style.strong(line.part.padEnd(partWidth))}`;
  if (!line.structured && line.level === '') return `${head}       ${line.message}`;
  const fields = Object.entries(line.fields)
    .filter(([name]) => !LEFT_OUT.has(name))
    .map(([name, value]) => style.faint(`${name}=`) + textOf(value));
  const level = paintLevel(line.level, style);
  return [head, level, line.message, ...fields].filter((piece) => piece !== '').join(' ');
}

/** The line as JSON: pino's own text, and an object of the same shape for other lines. */
export function logLineJson(line: LogLine): string {
  if (line.structured) return line.raw;
  return JSON.stringify({
    time: line.timeMs === undefined ? undefined : new Date(line.timeMs).toISOString(),
    level: line.level === '' ? undefined : line.level,
    msg: line.message,
    service: line.part,
  });
}

function timeOf(line: LogLine): string {
  if (line.timeMs === undefined) return ' '.repeat('15:56:20.123'.length);
  const at = new Date(line.timeMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
}

function paintLevel(level: string, style: Style): string {
  const text = level.padEnd(5);
  switch (level) {
    case 'error':
    case 'fatal':
      return style.bad(text);
    case 'warn':
      return style.warn(text);
    case 'info':
      return style.good(text);
    default:
      return style.faint(text);
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
  return JSON.stringify(value) ?? '';
}
