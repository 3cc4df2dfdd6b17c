import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queryObjects } from 'node:v8';
import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
} from '@nova/proto/gen/grpc/health/v1/health_pb';
import { createClient } from './client.ts';
import type { ServerTls } from './server-tls.ts';
import { type ExampleServer, eventsService, startExample } from './spec/example-server.ts';
import { until } from './spec/until.ts';
import { testAuthority } from './testing/certificates.ts';
import { rawConnection } from './testing/raw-call.ts';

// Hundreds of connections, one after the other and side by side.
jest.setTimeout(60_000);

const TIMES = 100;
const AT_ONCE = 20;
/** Of all sockets and sessions so many may still be about to end. */
const LEFT_OVER = 25;

const folder = mkdtempSync(join(tmpdir(), 'nova-probes-'));
const authority = testAuthority();
const tls: ServerTls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
const { cert, key } = authority.issue({ commonName: 'x', dnsNames: ['localhost'] });
writeFileSync(tls.certFile, cert);
writeFileSync(tls.keyFile, key);

let example: ExampleServer;
afterEach(() => example.stop());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HELLO = '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001';
const HTTP = 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n';
/** What a probe may say before it goes: nothing, halves of protocols, and bytes of none. */
const WORDS = [
  '',
  HTTP,
  HELLO,
  PREFACE.slice(0, 12),
  `${PREFACE}\u0000\u00ff\u00ff garbage garbage garbage`,
  '\u0007\u00f3\u0000\u0000\u0011\u0099\u007f\u0001\u0080 \u0000',
];

/** Connects, says it, and goes: politely or with a reset. */
async function probe(text: string, isRude: boolean): Promise<void> {
  const socket = connect({ port: example.port, host: '127.0.0.1' });
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  if (text !== '') await new Promise((resolve) => socket.write(text, 'latin1', resolve));
  if (isRude) socket.resetAndDestroy();
  else socket.end();
  // Whoever goes politely is not waited for by a server that has not understood it either.
  await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, 50))]);
  socket.destroy();
}

/** So many probes of each of `texts`. */
async function probeAll(texts: readonly string[], times: number): Promise<void> {
  for (const text of texts) {
    for (let sent = 0; sent < times; sent += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => probe(text, at % 2 === 0)));
    }
  }
}

/** Sockets that are still held by somebody, after the garbage was collected. */
const held = () => queryObjects(Socket, { format: 'count' });

const loud = () =>
  example.logged().filter(({ level }) => !['debug', 'trace', 'info'].includes(String(level)));

async function answers(): Promise<Serving> {
  const client = createClient(Health, { address: example.address, deadlineMs: 5000 });
  const { status } = await client.check({});
  client.close();
  return status;
}

describe('a balancer that connects and goes, hundreds of times', () => {
  it('whatever it says: the server serves on, holds nothing and logs nothing', async () => {
    example = await startExample([eventsService({})]);
    expect(await answers()).toBe(Serving.SERVING);
    await probeAll(WORDS, AT_ONCE);
    const before = held();
    await probeAll(WORDS, TIMES);
    await until(() => held() <= before + LEFT_OVER, 20_000);
    expect(await answers()).toBe(Serving.SERVING);
    expect(loud().slice(0, 2)).toEqual([]);
  });

  it('in the middle of a TLS handshake, or instead of it: the same', async () => {
    example = await startExample([eventsService({})], { tls });
    await probeAll(['', HELLO, HTTP], AT_ONCE);
    const before = held();
    await probeAll(['', HELLO, HTTP], TIMES);
    await until(() => held() <= before + LEFT_OVER, 20_000);
    const good = await rawConnection(example.port, { ca: authority.cert });
    good.close();
    expect(loud().slice(0, 2)).toEqual([]);
  });

  it('and stays without a word is sent away when its time is over', async () => {
    example = await startExample([eventsService({})], { limits: { connectionIdleMs: 200 } });
    const socket = connect({ port: example.port, host: '127.0.0.1' })
      .on('error', () => {})
      .resume();
    await until(() => socket.closed, 20_000);
  });
});
