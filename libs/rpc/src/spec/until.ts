import { setImmediate as immediate } from 'node:timers/promises';

/** Waits until `condition` holds; fails after `withinMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  withinMs = 5000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${condition}`);
    await immediate();
  }
}
