import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@nova/config';
import { connectionOptions } from './connection-options.ts';
import { errors } from './errors.ts';
import { connectionSettings } from './settings.ts';

const optionsOf = (environment: Record<string, string>) =>
  connectionOptions(loadConfig(connectionSettings, [], environment));

describe('the options of a connection', () => {
  it('are kafkajs, plain text and no name where nothing is set', () => {
    expect(optionsOf({})).toEqual({
      brokers: ['localhost:9092'],
      driver: 'kafkajs',
      sasl: undefined,
      tls: undefined,
    });
  });

  it('name the driver, the password and the certificates that are set', () => {
    expect(
      optionsOf({
        NOVA_KAFKA_BROKERS: 'a:1,b:2',
        NOVA_KAFKA_DRIVER: 'platformatic',
        NOVA_KAFKA_TLS: 'true',
        NOVA_KAFKA_TLS_CA: 'authority',
        NOVA_KAFKA_TLS_CERTIFICATE: 'own',
        NOVA_KAFKA_TLS_KEY: 'key',
        NOVA_KAFKA_SASL_MECHANISM: 'scram-sha-512',
        NOVA_KAFKA_SASL_USERNAME: 'relay',
        NOVA_KAFKA_SASL_PASSWORD: 'secret',
      }),
    ).toEqual({
      brokers: ['a:1', 'b:2'],
      driver: 'platformatic',
      sasl: { mechanism: 'scram-sha-512', username: 'relay', password: 'secret' },
      tls: { ca: 'authority', certificate: 'own', key: 'key' },
    });
    expect(optionsOf({ NOVA_KAFKA_TLS: 'true' }).tls).toEqual({});
  });

  it.each([
    [{ NOVA_KAFKA_SASL_MECHANISM: 'plain' }, 'NOVA_KAFKA_SASL_USERNAME'],
    [{ NOVA_KAFKA_SASL_PASSWORD: 'x' }, 'NOVA_KAFKA_SASL_MECHANISM'],
    [{ NOVA_KAFKA_TLS: 'true', NOVA_KAFKA_TLS_KEY: 'x' }, 'NOVA_KAFKA_TLS_CERTIFICATE'],
    [{ NOVA_KAFKA_TLS_CA: 'x' }, 'NOVA_KAFKA_TLS is false'],
  ])('are refused where %j lacks something', (environment, problem) => {
    const refused = expect(() => optionsOf(environment));
    refused.toThrow(problem);
    refused.toThrow(expect.objectContaining({ kind: errors.KAFKA_SETTINGS_INCOMPLETE }));
  });

  it('know no other driver', () => {
    expect(() => optionsOf({ NOVA_KAFKA_DRIVER: 'librdkafka' })).toThrow('NOVA_KAFKA_DRIVER');
  });
});
