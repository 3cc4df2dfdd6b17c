/**
 * What most teams write to apply a message once: SET NX with a time to live, one call for each message,
 * waited for. Frozen, as the loops are.
 */
import { Redis } from 'ioredis';

const DAY_MS = 86_400_000;

/** Notes one id after the other; answers with how many were new. */
export async function setEach(url: string, ids: readonly string[]): Promise<number> {
  const client = new Redis(url, { lazyConnect: true });
  await client.connect();
  try {
    let fresh = 0;
    for (const id of ids) {
      const answer = await client.set(`processed:${id}`, '1', 'PX', DAY_MS, 'NX');
      if (answer === 'OK') fresh += 1;
    }
    return fresh;
  } finally {
    client.disconnect();
  }
}
