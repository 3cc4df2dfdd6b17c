import type { Logger } from '@nova/telemetry';

/**
 * Ends the process when a mistake of the language is logged: a planted bug that breaks instead of
 * doing its harm would count as caught.
 */
export const watchfulLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (fields) => watch(fields),
  error: (fields) => watch(fields),
  child: () => watchfulLogger,
};

function watch({ err }: { readonly err?: unknown }): void {
  for (let cause = err; cause instanceof Error; cause = cause.cause) {
    if (!(cause instanceof ReferenceError || cause instanceof TypeError)) continue;
    process.stderr.write(`${cause.stack}\n`);
    process.exit(3);
  }
}
