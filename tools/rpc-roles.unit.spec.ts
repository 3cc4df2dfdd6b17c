import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@nova/config';
import { type Part, Readiness } from '@nova/lifecycle';
import {
  configuredIdentity,
  createServer,
  identityFor,
  identitySettings,
  ROLES,
  type RpcServer,
  type ServiceImplementation,
} from '@nova/rpc';
import {
  frame,
  jwksOf,
  type RawConnection,
  rawConnection,
  testKey,
  tokenOf,
} from '@nova/rpc/testing';
import { silentLogger } from '@nova/telemetry';
import { systemClock } from '@nova/time';
import { describedServices, servedServices } from './rpc-roles.ts';
import { root } from './source-files.ts';

const USER = '550e8400-e29b-41d4-a716-446655440000';
const GRPC = { OK: 0, PERMISSION_DENIED: 7, UNAUTHENTICATED: 16 };

const described = await describedServices();
const served = await servedServices();
const methods = described.flatMap((service) =>
  service.methods.map((method) => `${service.typeName}/${method.name}`),
);

/** What the document says, read as a reader does: the code is judged by it. */
const documented = new Map(
  [
    ...readFileSync(join(root, 'docs/rpc-roles.md'), 'utf8').matchAll(
      /^\| `([^`]+)` \| ([a-z ]+) \|/gm,
    ),
  ].map(([, method = '', roles = '']) => [method, roles.split(' or ')]),
);

describe('every RPC that proto/ describes', () => {
  it('is served by exactly one folder of the code', () => {
    const servers = Object.fromEntries(
      described.map(({ typeName }) => [
        typeName,
        served.filter(({ served: { service } }) => service.typeName === typeName).length,
      ]),
    );
    expect(servers).toEqual(Object.fromEntries(described.map(({ typeName }) => [typeName, 1])));
  });

  it('says who may call it, and nobody may without proof of identity', () => {
    expect([...documented.keys()].sort()).toEqual([...methods].sort());
    const roles = new Set([...documented.values()].flat());
    expect([...roles].filter((role) => ![...ROLES, 'authenticated'].includes(role))).toEqual([]);
  });

  it('keeps to itself what is for services, operators and trusted publishers', () => {
    const needing = (role: string) =>
      methods.filter((name) => documented.get(name)?.join() === role);
    expect(methods.filter((name) => /^events\.(EventLog|EventForwarding)\//.test(name))).toEqual(
      needing('service'),
    );
    const operated =
      /^ops\.|\.EventsService\/(\w+RelayParked|\w+Republish(es)?|RebaseLog|(Create|Update|Delete)Subscription|(Replay|Discard)SubscriptionParked|ReplayEvents|CancelReplay|(Register|Deprecate)EventSchema)$/;
    expect(methods.filter((name) => operated.test(name))).toEqual(needing('admin'));
    const publishing = /\/(Publish|CancelScheduled)/;
    expect(methods.filter((name) => publishing.test(name))).toEqual(needing('writer'));
  });
});

describe('a server with every RPC', () => {
  const key = testKey('ES256', 'k');
  const claims = { iss: 'i', aud: 'a', exp: Math.floor(Date.now() / 1000) + 600 };
  const token = (sub: string, ...roles: string[]) =>
    `Bearer ${tokenOf(key, { ...claims, sub, roles })}`;
  const callers: Record<string, { roles: readonly string[]; authorization?: string }> = {
    nobody: { roles: [] },
    'somebody without roles': { roles: ['authenticated'], authorization: token(USER) },
    reader: { roles: ['authenticated', 'reader'], authorization: token(USER, 'reader') },
    writer: { roles: ['authenticated', 'writer'], authorization: token(USER, 'writer') },
    admin: { roles: ['authenticated', 'admin'], authorization: token(USER, 'admin') },
    service: {
      roles: ['authenticated', 'service'],
      authorization: token('service/some-service', 'service'),
    },
  };
  const reached: string[] = [];
  let folder = '';
  let keys: readonly Part[] = [];
  let server: RpcServer;
  let raw: RawConnection;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nova-roles-'));
    writeFileSync(join(folder, 'jwks.json'), jwksOf(key));
    const config = loadConfig(identitySettings, [], {
      NOVA_AUTH_JWKS_FILE: join(folder, 'jwks.json'),
      NOVA_AUTH_ISSUER: 'i',
      NOVA_AUTH_AUDIENCE: 'a',
    });
    const configured = configuredIdentity(config, { clock: systemClock, logger: silentLogger });
    keys = configured?.parts ?? [];
    for (const part of keys) await part.start();
    server = createServer({
      services: served.map(({ served: one }) => withoutWork(one, reached)),
      logger: silentLogger,
      readiness: new Readiness(),
      identity: identityFor('production', configured?.source),
      address: { host: '127.0.0.1', port: 0 },
    });
    await server.start();
    raw = await rawConnection(Number(server.address.split(':')[1]));
  });
  afterAll(async () => {
    raw.close();
    await server.stop();
    for (const part of keys) await part.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(methods)('lets only those call %s who have the role', async (method) => {
    const needed = documented.get(method) ?? [];
    for (const [name, { roles, authorization }] of Object.entries(callers)) {
      reached.length = 0;
      const { grpcStatus } = await raw.call(`/${method}`, frame(Buffer.alloc(0)), {
        ...(authorization === undefined ? {} : { authorization }),
      });
      const allowed = needed.some((role) => roles.includes(role));
      const refusal = name === 'nobody' ? GRPC.UNAUTHENTICATED : GRPC.PERMISSION_DENIED;
      expect({ name, grpcStatus, reached: [...reached] }).toEqual({
        name,
        grpcStatus: allowed ? GRPC.OK : refusal,
        reached: allowed ? [method] : [],
      });
    }
  });
});

/** The same methods and policies, but a call that gets through is only noted. */
function withoutWork(service: ServiceImplementation, reached: string[]): ServiceImplementation {
  return {
    ...service,
    methods: service.methods.map((method) => ({
      ...method,
      invoke: () => {
        reached.push(method.fullName);
        if (method.descriptor.methodKind === 'unary') return Promise.resolve({});
        return nothing();
      },
    })),
  };
}

async function* nothing(): AsyncGenerator<Record<string, never>> {}
