import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nova/telemetry';
import { createTlsServer } from './server-tls.ts';
import { until } from './spec/until.ts';
import { testAuthority } from './testing/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-server-tls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const authority = testAuthority();
const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };

function renew(): void {
  const { cert, key } = authority.issue({ commonName: 'x', dnsNames: ['localhost'] });
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key);
}

describe('a server with certificates', () => {
  it('shows new ones without a restart, and keeps those it has when new ones are no good', async () => {
    renew();
    const lines: string[] = [];
    const logger = createLogger({
      service: 'spec',
      level: 'info',
      destination: { write: (line) => void lines.push(line) },
    });
    const server = createTlsServer(files, logger, 50).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const shown = async () => {
      const socket = connect({
        port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: authority.cert,
      });
      await once(socket, 'secureConnect');
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const first = await shown();
    renew();
    await until(async () => (await shown()) !== first, 15_000);
    const second = await shown();
    writeFileSync(files.certFile, 'no certificate');
    await until(() => lines.some((line) => line.includes('cannot be used')), 15_000);
    expect(await shown()).toBe(second);
    server.close();
  });

  it('speaks nothing older than TLS 1.2', async () => {
    renew();
    const server = createTlsServer(files, createLogger({ service: 'spec', level: 'silent' }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: authority.cert,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const [failure] = (await once(socket, 'error')) as [Error];
    expect(failure.message).toMatch(/version|alert|protocol/i);
    server.close();
  });
});
