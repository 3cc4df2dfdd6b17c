import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const ATTEMPTS = fileURLToPath(new URL('../fixtures/attempts.ts', import.meta.url));

/** How often kafkajs connects to a broker that hangs up, until it gives up. */
async function attempts(what: string, nodeEnv: string): Promise<number> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const words = [`NODE_ENV=${nodeEnv}`, process.execPath, ATTEMPTS, what, `127.0.0.1:${port}`];
  await once(spawn('/usr/bin/env', words, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit');
  server.close();
  return count;
}

/** In production and in a test. */
const both = (what: string) => Promise.all([attempts(what, 'production'), attempts(what, 'test')]);

describe('NODE_ENV=test', () => {
  it('has kafkajs try other times and longer', async () => {
    expect(await both('plain')).toEqual([6, 16]);
  });

  it('changes nothing of a client through the seam', async () => {
    const found = await Promise.all(['admin', 'producer', 'member'].map(both));
    expect(found).toEqual([
      [6, 6],
      [6, 6],
      [6, 6],
    ]);
  });
});
