import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Link } from './link.ts';

let link: Link;
let client: Socket;
let close: () => void;
let told: string;

/** A server that answers each piece with the same in brackets. */
beforeEach(async () => {
  const server = createServer((socket) => {
    socket.on('data', (bytes) => socket.write(`[${bytes.toString()}]`));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  link = await Link.open();
  link.leadTo(typeof address === 'object' && address !== null ? address.port : 0);
  client = await dial();
  close = () => server.close();
});
afterEach(() => {
  client.destroy();
  link.close();
  close();
});

async function dial(): Promise<Socket> {
  const socket = connect(link.port, '127.0.0.1');
  told = '';
  socket.on('data', (bytes: Buffer) => {
    told += bytes.toString();
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Fails by the time limit of the spec. */
async function hears(text: string): Promise<void> {
  while (told !== text) await delay(2);
}

describe('a link', () => {
  it('passes bytes on, both ways', async () => {
    client.write('a');
    await hears('[a]');
  });

  it.each(['both', 'to', 'from'] as const)(
    'that is cut (%s) keeps bytes until it is healed',
    async (direction) => {
      client.write('a');
      await hears('[a]');
      link.cut(direction);
      client.write('b');
      await delay(60);
      expect(told).toBe('[a]');
      link.heal();
      await hears('[a][b]');
    },
  );

  it('slows bytes down and keeps their order', async () => {
    link.delayMs = 40;
    const from = performance.now();
    client.write('a');
    await hears('[a]');
    expect(performance.now() - from).toBeGreaterThanOrEqual(75);
  });

  it('resets connections, new ones too, until it is healed', async () => {
    const closed = new Promise((resolve) => client.on('close', resolve));
    link.reset();
    await closed;
    const refused = connect(link.port, '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => refused.on('close', resolve));
    link.heal();
    client = await dial();
    client.write('c');
    await hears('[c]');
  });
});
