/** Begins jobs in their order, at most `most` at a time; tells each one's outcome, in the same order. */
export function sideBySide<T>(
  most: number,
  jobs: readonly (() => Promise<T>)[],
): readonly Promise<T>[] {
  const outcomes = jobs.map(() => Promise.withResolvers<T>());
  // Whoever waits for one is told when its turn comes; until then it is not left unhandled.
  for (const { promise } of outcomes) promise.catch(() => {});
  let next = 0;
  const work = async () => {
    for (let index = next++; index < jobs.length; index = next++) {
      const [job, outcome] = [jobs[index], outcomes[index]];
      await job?.().then(outcome?.resolve, outcome?.reject);
    }
  };
  for (let worker = 0; worker < most; worker += 1) void work();
  return outcomes.map(({ promise }) => promise);
}
