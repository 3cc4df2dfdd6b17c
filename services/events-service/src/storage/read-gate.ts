/** Lets so many reads run at a time; the others wait for their turn in order. */
export interface ReadGate {
  pass<T>(read: () => Promise<T>): Promise<T>;
}

/**
 * Subscribers share the connections of the process with those who publish: however many of them
 * wake up at an event, they ask `most` at a time.
 */
export function createReadGate(most: number): ReadGate {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    async pass(read) {
      if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await read();
      } finally {
        // The turn is handed on; only without anybody waiting does it fall free.
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
