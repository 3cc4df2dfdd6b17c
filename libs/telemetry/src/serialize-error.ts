import { isNovaError } from '@nova/errors';

/** What is logged of an error. Drivers hang row values and settings on theirs: those stay out. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
  readonly errors?: readonly LoggedError[];
}

const MOST_CAUSES = 8;
const LONGEST_TEXT = 8192;

/** An error as it is logged: only the listed fields, with credentials in URLs masked. */
export function serializeError(thrown: unknown, depth = 0): LoggedError {
  if (!(thrown instanceof Error)) {
    return { type: thrown === null ? 'null' : typeof thrown, message: clean(textOf(thrown)) };
  }
  const code = isNovaError(thrown) ? thrown.code : 'code' in thrown ? thrown.code : undefined;
  const deeper = depth < MOST_CAUSES;
  return {
    type: thrown.name,
    message: clean(thrown.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    ...(thrown.stack === undefined ? {} : { stack: clean(thrown.stack) }),
    ...(deeper && thrown.cause !== undefined
      ? { cause: serializeError(thrown.cause, depth + 1) }
      : {}),
    ...(deeper && thrown instanceof AggregateError
      ? { errors: thrown.errors.slice(0, MOST_CAUSES).map((one) => serializeError(one, depth + 1)) }
      : {}),
  };
}

// String() itself throws for objects without a prototype and for hostile toString methods.
function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'a value without text';
  }
}

function clean(text: string): string {
  return maskSecrets(text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text);
}

/** Masks credentials in URLs and bearer tokens within a text. */
export function maskSecrets(text: string): string {
  return text
    .replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]*@/gi, '$1:********@')
    .replaceAll(/\b(Bearer)\s+[\w.~+/=-]+/gi, '$1 ********');
}
