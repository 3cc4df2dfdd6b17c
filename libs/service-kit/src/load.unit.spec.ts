import { describe, expect, it } from '@jest/globals';
import { setting } from '@nova/config';
import { defineService } from './define.ts';
import { helpText } from './help.ts';
import { declaredSettings, loadService } from './load.ts';

const definition = defineService({
  name: 'try-service',
  ports: { grpc: 50_990, ops: 51_090 },
  settings: {
    databaseUrl: setting.url({
      env: 'NOVA_TRY_DATABASE_URL',
      doc: 'the database',
      protocols: ['postgres'],
      secret: true,
    }),
  },
  build: () => ({ parts: [], probes: [] }),
});
const DATABASE = { NOVA_TRY_DATABASE_URL: 'postgres://x' };

describe('loadService', () => {
  it('reports the problems of the service and of the kit together', () => {
    const environment = { NOVA_MODE: 'test', NOVA_GRPC_PORT: 'x', NOVA_DRAIN_TIMEOUT_MS: '20000' };
    const load = () => loadService(definition, environment);
    for (const name of ['NOVA_TRY_DATABASE_URL', ...Object.keys(environment)]) {
      expect(load).toThrow(name);
    }
  });

  it('listens everywhere in production, on this machine only in development', () => {
    expect(loadService(definition, DATABASE).addresses).toEqual({
      grpc: { host: '0.0.0.0', port: 50_990 },
      ops: { host: '0.0.0.0', port: 51_090 },
    });
    const development = loadService(definition, { ...DATABASE, NOVA_MODE: 'development' });
    expect(development.addresses.ops.host).toBe('127.0.0.1');
  });

  it('puts the ops port 100 above the gRPC port, unless it is set', () => {
    const port = (environment: Record<string, string>) =>
      loadService(definition, { ...DATABASE, ...environment }).addresses.ops.port;
    expect(port({ NOVA_GRPC_PORT: '6000' })).toBe(6100);
    expect(port({ NOVA_GRPC_PORT: '0' })).toBe(0);
    expect(port({ NOVA_GRPC_PORT: '6000', NOVA_OPS_PORT: '7' })).toBe(7);
  });

  it('has no gRPC address without a gRPC port', () => {
    const { addresses } = loadService({ ...definition, ports: { ops: 50_150 } }, DATABASE);
    expect(addresses.grpc).toBeUndefined();
    expect(addresses.ops.port).toBe(50_150);
  });
});

describe('declaredSettings', () => {
  it('refuses a name that the kit has', () => {
    const { mode } = declaredSettings(definition);
    const clashing = { ...definition, settings: { ...definition.settings, mode } };
    expect(() => declaredSettings(clashing)).toThrow('mode');
  });
});

describe('helpText', () => {
  it('shows commands and every setting', () => {
    const text = helpText('try', { migrate: { doc: 'migrate' } }, declaredSettings(definition));
    for (const part of ['--migrate', '--print-config', 'NOVA_TRY_DATABASE_URL', 'NOVA_LOG_LEVEL']) {
      expect(text).toContain(part);
    }
  });
});
