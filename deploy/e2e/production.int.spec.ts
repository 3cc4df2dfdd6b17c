import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@nova/config';
import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { NotificationService } from '@nova/proto/gen/notification/notification_service_pb';
import type { DescService } from '@nova/proto/runtime';
import {
  type Client,
  clientCredentials,
  clientRules,
  clientSettings,
  createClient,
} from '@nova/rpc';
import { jwksOf, testAuthority, testKey, tokenOf } from '@nova/rpc/testing';
import {
  type TestProcess,
  type TestService,
  type TestStack,
  testStack,
  waitFor,
} from '@nova/testkit';

const ADA = '550e8400-e29b-41d4-a716-446655440000';
const BEN = '550e8400-e29b-41d4-a716-446655440001';
const CONVERSATION = '550e8400-e29b-41d4-a716-446655440002';

const authority = testAuthority();
const issuer = testKey('ES256', 'now');
const folder = mkdtempSync(join(tmpdir(), 'nova-production-'));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const token = (sub: string, ...roles: string[]) =>
  tokenOf(issuer, {
    iss: 'https://issuer.test',
    aud: 'nova',
    exp: Math.floor(Date.now() / 1000) + 3600,
    sub,
    roles,
  });

const ca = file('ca.pem', authority.cert);
const pair = (name: string) => {
  const { cert, key } = authority.issue({ commonName: name, dnsNames: [`${name}.nova.test`] });
  return { cert: file(`${name}.pem`, cert), key: file(`${name}.key`, key) };
};
const server = pair('server');
const messaging = pair('messaging');

let stack: TestStack;
let notification: { service: TestService; process: TestProcess };
const clients: { close(): void }[] = [];

function client<S extends DescService>(
  service: S,
  process: TestProcess,
  environment: Readonly<Record<string, string>>,
): Client<S> {
  const config = loadConfig(clientSettings, clientRules, { NOVA_TLS_CA_FILE: ca, ...environment });
  const credentials = clientCredentials(config);
  const made = createClient(service, { address: process.address, deadlineMs: 10_000, credentials });
  clients.push(made);
  return made;
}

beforeAll(async () => {
  stack = await testStack({
    NOVA_MODE: 'production',
    NOVA_AUTH_JWKS_FILE: file('jwks.json', jwksOf(issuer)),
    NOVA_AUTH_ISSUER: 'https://issuer.test',
    NOVA_AUTH_AUDIENCE: 'nova',
    NOVA_AUTH_SERVICE_PEERS: 'messaging-service=messaging.nova.test',
    NOVA_GRPC_TLS_CERT_FILE: server.cert,
    NOVA_GRPC_TLS_KEY_FILE: server.key,
    NOVA_GRPC_TLS_CLIENT_CA_FILE: ca,
    NOVA_TLS_CA_FILE: ca,
  });
  const service = await stack.service('notification');
  const process = await service.start({
    NOVA_TOKEN_FILE: file('token', token('service/notification-service', 'service', 'reader')),
  });
  notification = { service, process };
}, 120_000);
afterAll(async () => {
  for (const one of clients) one.close();
  await stack.remove();
  rmSync(folder, { recursive: true, force: true });
}, 40_000);

describe('in production', () => {
  it('an event goes from a trusted publisher to the user it is for, each known by a token', async () => {
    const publisher = client(EventsService, stack.log, {
      NOVA_TOKEN: token('service/importer', 'writer', 'reader'),
    });
    const { event } = await publisher.publishEvent({
      eventType: 'message_created',
      aggregateId: CONVERSATION,
      payload: {
        message_id: BEN,
        sender_id: ADA,
        recipient_id: BEN,
        content: 'hello',
      },
    });
    expect(event?.source).toBe('/nova/importer');
    const ben = client(NotificationService, notification.process, { NOVA_TOKEN: token(BEN) });
    expect(await ben.getUnreadCount({ userId: BEN })).toBeDefined();
    await expect(ben.getUnreadCount({ userId: ADA })).rejects.toMatchObject({
      status: 'PERMISSION_DENIED',
    });
  });

  it('nobody is believed without proof, and nobody may more than the roles say', async () => {
    const nobody = client(EventsService, stack.log, {});
    await expect(nobody.getOutboxStatus({})).rejects.toMatchObject({ status: 'UNAUTHENTICATED' });
    await expect(
      nobody.getOutboxStatus({}, { metadata: { 'x-user-id': ADA } }),
    ).rejects.toMatchObject({ status: 'UNAUTHENTICATED', reason: 'RPC_UNAUTHENTICATED' });
    const reader = client(EventsService, stack.log, { NOVA_TOKEN: token(ADA, 'reader') });
    await expect(reader.publishEvent({})).rejects.toMatchObject({ status: 'PERMISSION_DENIED' });
  });

  it('a service is known by its certificate', async () => {
    const log = client(EventLog, stack.log, {
      NOVA_TLS_CERT_FILE: messaging.cert,
      NOVA_TLS_KEY_FILE: messaging.key,
    });
    expect((await log.getLog({})).lanes.length).toBeGreaterThan(0);
  });

  it('a service with nothing to show does not start, and says what it lacks', async () => {
    const started = await notification.service.start().catch((thrown: unknown) => String(thrown));
    expect(started).toContain('NOVA_RPC_CREDENTIALS_MISSING');
    expect(started).toContain('NOVA_TOKEN_FILE');
  });

  it('keys that are replaced are known without a restart', async () => {
    const next = testKey('EdDSA', 'next');
    file('jwks.json', jwksOf(issuer, next));
    const claims = { iss: 'https://issuer.test', aud: 'nova', sub: ADA, roles: ['reader'] };
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const signed = client(EventsService, stack.log, {
      NOVA_TOKEN: tokenOf(next, { ...claims, exp }),
    });
    await waitFor(
      async () => (await signed.getOutboxStatus({}).catch(() => undefined)) !== undefined,
      {
        withinMs: 15_000,
        what: 'the new key',
      },
    );
  });
});
