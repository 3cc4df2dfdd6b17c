import type { ErrorKind } from './catalogue.ts';

/** Values for the parameters of a message template. */
export type ErrorParams = Readonly<Record<string, string | number | bigint | boolean>>;

/** One wrong field of a request. `field` is a path such as `events[3].payload.content`. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

/** What an error may carry besides its message. */
export interface ErrorOptions {
  readonly cause?: unknown;
  readonly violations?: readonly Violation[];
  /** Strings for ErrorInfo, such as the current version of an aggregate. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** How long a caller should wait before it tries again. */
  readonly retryAfterMs?: number;
}

// Shared by every copy of this module, so that recognition survives duplicate installs.
const BRAND = Symbol.for('nova.error');

/** The one error class of nova: a row of an error table with its parameters and its cause. */
export class NovaError extends Error {
  readonly kind: ErrorKind;
  readonly params: ErrorParams;
  readonly violations: readonly Violation[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
  readonly [BRAND] = true;

  constructor(kind: ErrorKind, params: ErrorParams = {}, options: ErrorOptions = {}) {
    super(fill(kind.message, params), options.cause === undefined ? {} : { cause: options.cause });
    this.name = kind.code;
    this.kind = kind;
    this.params = params;
    this.violations = options.violations ?? [];
    this.metadata = options.metadata ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }

  get code(): string {
    return this.kind.code;
  }
}

/** Recognises a NovaError by brand; with `kind`, only one of that row. */
export function isNovaError(value: unknown, kind?: ErrorKind): value is NovaError {
  if (typeof value !== 'object' || value === null || !(BRAND in value)) return false;
  return kind === undefined || (value as NovaError).kind.code === kind.code;
}

function fill(template: string, params: ErrorParams): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    params[name] === undefined ? whole : String(params[name]),
  );
}
