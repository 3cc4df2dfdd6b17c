import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@nova/config';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import {
  type Client,
  clientCredentials,
  clientRules,
  clientSettings,
  createClient,
} from './index.ts';
import { type ExampleServer, eventsService, startExample } from './spec/example-server.ts';
import { until } from './spec/until.ts';
import { type TestCertificate, testAuthority } from './testing/certificates.ts';

const authority = testAuthority();
const folder = mkdtempSync(join(tmpdir(), 'nova-credentials-'));
const path = (name: string) => join(folder, name);
const file = (name: string, text: string) => {
  writeFileSync(path(name), text);
  return path(name);
};

let example: ExampleServer;
let shown: { authorization?: string | undefined; name?: string | undefined } = {};
const clients: Client<typeof EventsService>[] = [];

const renew = (name: string, certificate: TestCertificate) => ({
  certFile: file(`${name}.pem`, certificate.cert),
  keyFile: file(`${name}.key`, certificate.key),
});

beforeAll(async () => {
  const server = authority.issue({ commonName: 'localhost', dnsNames: ['localhost'] });
  example = await startExample(
    [
      eventsService({
        getEvent: async (_, { headers }) => {
          shown = { ...shown, authorization: headers.all('authorization')[0] };
          return {};
        },
      }),
    ],
    {
      tls: { ...renew('server', server), clientCaFile: file('ca.pem', authority.cert) },
      identity: {
        name: 'spec',
        headers: [],
        identify({ certificate }) {
          shown = { name: certificate && 'known' };
          return { principal: 'x', roles: new Set(), actsForOthers: false };
        },
      },
    },
  );
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await example.stop();
  rmSync(folder, { recursive: true, force: true });
});

function client(environment: Record<string, string>) {
  const config = loadConfig(clientSettings, clientRules, environment);
  const made = createClient(EventsService, {
    address: `localhost:${example.port}`,
    deadlineMs: 5000,
    credentials: clientCredentials(config),
  });
  clients.push(made);
  return made;
}

describe('a client', () => {
  it('shows its token over TLS, and the new one once the file has another', async () => {
    const token = file('token', 'first\n');
    const made = client({ NOVA_TLS_CA_FILE: path('ca.pem'), NOVA_TOKEN_FILE: token });
    await made.getEvent({});
    expect(shown).toEqual({ authorization: 'Bearer first', name: undefined });
    file('token', 'the second\n');
    await until(async () => {
      await made.getEvent({});
      return shown.authorization === 'Bearer the second';
    });
    // A file that is gone for a moment changes nothing.
    rmSync(token);
    await made.getEvent({});
    expect(shown.authorization).toBe('Bearer the second');
  });

  it('shows its certificate', async () => {
    const { certFile, keyFile } = renew('client', authority.issue({ commonName: 'c' }));
    await client({
      NOVA_TLS_CA_FILE: path('ca.pem'),
      NOVA_TLS_CERT_FILE: certFile,
      NOVA_TLS_KEY_FILE: keyFile,
    }).getEvent({});
    expect(shown).toEqual({ authorization: undefined, name: 'known' });
  });

  it('tells nothing to a server that another authority signed', async () => {
    shown = {};
    const other = file('other.pem', testAuthority('other').cert);
    await expect(
      client({ NOVA_TLS_CA_FILE: other, NOVA_TOKEN: 'secret' }).getEvent({}),
    ).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    expect(shown).toEqual({});
  });
});
