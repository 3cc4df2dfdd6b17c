import { isNovaError, messageOf } from '@nova/errors';
import type { Output } from './output.ts';

/**
 * Prints what went wrong and what to do about it, as JSON where results are JSON. The stack and
 * the causes are printed only with `debug`.
 */
export function printError(thrown: unknown, out: Output, debug: boolean): void {
  const nova = isNovaError(thrown);
  const code = nova ? thrown.code : 'NOVA_INTERNAL_BUG';
  const message = nova ? thrown.message : `unexpected error: ${messageOf(thrown)}`;
  const hint = nova
    ? fillHint(thrown.kind.hint, thrown.params)
    : 'Run it again with NOVA_DEBUG=1 and report what it prints.';
  if (out.format === 'json') {
    out.note(JSON.stringify({ error: { code, message, hint, ...details(thrown) } }));
  } else {
    out.note(`${out.style.bad('error:')} ${message}`);
    if (nova) {
      for (const violation of thrown.violations) {
        out.note(`  ${violation.field}: ${violation.description}`);
      }
    }
    if (hint !== '') out.note(`${out.style.faint('hint:')} ${hint}`);
  }
  if (debug) out.note(stackOf(thrown));
}

function details(thrown: unknown): Record<string, unknown> {
  if (!isNovaError(thrown) || thrown.violations.length === 0) return {};
  return { violations: thrown.violations };
}

// Hints may name the parameters of their message.
function fillHint(hint: string, params: Readonly<Record<string, unknown>>): string {
  return hint.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    params[name] === undefined ? whole : String(params[name]),
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
