/** Calls `stop` once, at the first SIGTERM or SIGINT. Returns a function that takes that back. */
export function onStopSignal(stop: (signal: NodeJS.Signals) => void): () => void {
  const once = (signal: NodeJS.Signals) => {
    remove();
    stop(signal);
  };
  const remove = () => {
    process.off('SIGTERM', once);
    process.off('SIGINT', once);
  };
  process.on('SIGTERM', once);
  process.on('SIGINT', once);
  return remove;
}
