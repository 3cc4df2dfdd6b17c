import { isNovaError, messageOf, type Violation } from '@nova/errors';
import type { RpcError } from '@nova/rpc';
import { fillHint } from './fill-hint.ts';
import type { Output } from './output.ts';

/** What is shown of an error. */
interface Shown {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly violations: readonly Violation[];
}

/**
 * Prints what went wrong and what to do about it, as JSON where results are JSON. The stack and
 * the causes are printed only with `debug`.
 */
export function printError(thrown: unknown, out: Output, debug: boolean): void {
  const { violations, ...shown } = whatIsShown(thrown);
  if (out.format === 'json') {
    const error = violations.length === 0 ? shown : { ...shown, violations };
    out.note(JSON.stringify({ error }));
  } else {
    out.note(`${out.style.bad('error:')} ${shown.message}`);
    for (const { field, description } of violations) out.note(`  ${field}: ${description}`);
    if (shown.hint !== '') out.note(`${out.style.faint('hint:')} ${shown.hint}`);
  }
  if (debug) out.note(stackOf(thrown));
}

function whatIsShown(thrown: unknown): Shown {
  if (isNovaError(thrown)) {
    const { code, message, kind, params, violations } = thrown;
    return { code, message, hint: fillHint(kind.hint, params), violations };
  }
  if (isRpcError(thrown)) return ofRpcError(thrown);
  return {
    code: 'NOVA_INTERNAL_BUG',
    message: `unexpected error: ${messageOf(thrown)}`,
    hint: 'Run it again with NOVA_DEBUG=1 and report what it prints.',
    violations: [],
  };
}

function ofRpcError({
  status,
  reason,
  message,
  method,
  violations,
  correlationId,
}: RpcError): Shown {
  const known = reason !== '';
  return {
    code: known ? `NOVA_${reason}` : status,
    message: known ? message : `${method} failed with ${status}: ${message}`,
    hint:
      HINTS[status] ?? (correlationId ? `Its log has more: correlation id ${correlationId}.` : ''),
    violations,
  };
}

const HINTS: Readonly<Record<string, string>> = {
  UNAVAILABLE: 'Does it run? ./nova status tells, ./nova up starts it.',
  DEADLINE_EXCEEDED: 'Look at ./nova status and ./nova logs, then try again.',
};

// By shape: importing the class would load all of gRPC for verbs that never call.
function isRpcError(thrown: unknown): thrown is RpcError {
  return (
    thrown instanceof Error &&
    thrown.name === 'RpcError' &&
    'status' in thrown &&
    'violations' in thrown
  );
}

function stackOf(thrown: unknown): string {
  const lines: string[] = [];
  for (
    let at: unknown = thrown;
    at !== undefined;
    at = at instanceof Error ? at.cause : undefined
  ) {
    lines.push(at instanceof Error ? (at.stack ?? at.message) : String(at));
  }
  return lines.join('\ncaused by: ');
}
