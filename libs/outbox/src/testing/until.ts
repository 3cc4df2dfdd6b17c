/** Resolves when `condition` holds; rejects when it does not within 10 s. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const endsAt = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > endsAt) throw new Error(`not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
