import type { RelayContext } from './context.ts';
import type { LogLook } from './known-log.ts';
import type { LogHead } from './log-source.ts';

/**
 * Looks whether the log is still the one that this relay has published from. Where it came back
 * without its end, lanes that were beyond go back: what was appended instead is sent, and what had
 * been sent already is sent once more. True when they went back, or did while this was read.
 */
export function rebaseOn(context: RelayContext, look: LogLook, head: LogHead): boolean {
  const { log, table, logger, moved, frontWork, gapWork } = context;
  const isStale = log.isStale(look);
  const change = isStale ? undefined : log.learn(look, head, table.front());
  if (isStale) for (const signal of [frontWork, gapWork]) signal.notify();
  if (change === undefined) return isStale;
  if (change.isLost) {
    table.rebase(change.kept);
    logger.warn(
      { position: change.kept, epoch: head.epoch },
      'log has lost its end, lanes go back to where it is the same',
    );
  }
  table.forgetStored();
  for (const signal of [moved, frontWork, gapWork]) signal.notify();
  return change.isLost;
}
