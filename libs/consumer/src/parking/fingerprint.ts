import { createHash } from 'node:crypto';
import { sqlStateOf } from '@nova/postgres';

const LONGEST_STACK_BYTES = 8 * 1024;
const PATH_PARTS = 4;
/** Where nothing is wrong but what was given: packages, and the way to the database. */
const NOT_OURS = ['/node_modules/', '/libs/postgres/src/'];
const FRAME =
  /^\s*at (?:(?:async )?(?<name>[^(]+?) \()?(?:file:\/\/)?(?<path>\/[^():]+|[A-Za-z]:[^():]+):(?<line>\d+):\d+\)?$/;

/** Where something was thrown. */
export interface Origin {
  /** `content (services/…/fold.ts:17)`: the first frame of our own; '' when there is none. */
  readonly frame: string;
  /** The same for the same kind of error from the same function, whatever the event and the line. */
  readonly fingerprint: string;
  /** At most 8 KiB, with that of the cause. */
  readonly stack: string;
}

/** Finds out where something was thrown: frames of packages and of Node are not our own. */
export function originOf(kind: string, thrown: unknown): Origin {
  const innermost = innermostOf(thrown);
  const own = framesOf(innermost)[0] ?? framesOf(thrown)[0];
  const where = own === undefined ? '' : `${own.name} (${own.file})`;
  const cause = innermost === thrown ? '' : nameOf(innermost);
  const hash = createHash('sha256').update(
    [kind, sqlStateOf(thrown) ?? '', cause, where].join('\n'),
  );
  return {
    frame: own === undefined ? '' : `${own.name} (${own.file}:${own.line})`,
    fingerprint: hash.digest('hex').slice(0, 12),
    stack: stackOf(thrown, innermost),
  };
}

interface Frame {
  readonly name: string;
  readonly file: string;
  readonly line: string;
}

function framesOf(thrown: unknown): Frame[] {
  const lines = thrown instanceof Error ? (thrown.stack ?? '').split('\n') : [];
  return lines.flatMap((line) => {
    const { name = 'anonymous', path, line: number = '' } = FRAME.exec(line)?.groups ?? {};
    if (path === undefined || NOT_OURS.some((part) => path.includes(part))) return [];
    return [{ name, file: shortOf(path), line: number }];
  });
}

// The same wherever it is installed.
function shortOf(path: string): string {
  const inRepository = /\/((?:libs|services|examples)\/[^/]+\/src\/.*)$/.exec(path)?.[1];
  return inRepository ?? path.split('/').slice(-PATH_PARTS).join('/');
}

function innermostOf(thrown: unknown): unknown {
  let at = thrown;
  for (let depth = 0; depth < 10; depth += 1) {
    if (!(at instanceof Error) || !(at.cause instanceof Error)) return at;
    at = at.cause;
  }
  return at;
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : typeof thrown;
}

function stackOf(thrown: unknown, innermost: unknown): string {
  const parts = innermost === thrown ? [thrown] : [thrown, innermost];
  const text = parts
    .flatMap((one) => (one instanceof Error ? [one.stack ?? String(one)] : []))
    .join('\ncaused by ')
    .replaceAll('\u0000', '')
    .toWellFormed();
  // Cut between characters: what is not UTF-8 cannot be stored.
  return Buffer.from(text)
    .subarray(0, LONGEST_STACK_BYTES)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
