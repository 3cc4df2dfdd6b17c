import type { Values } from '@nova/config';
import { NovaError } from '@nova/errors';
import { errors } from './errors.ts';
import type { KafkaOptions } from './options.ts';
import type { connectionSettings } from './settings.ts';

type ConnectionConfig = Values<typeof connectionSettings>;

/**
 * The options of `openKafka` that the settings of a process decide.
 *
 * @throws KAFKA_SETTINGS_INCOMPLETE
 */
export function connectionOptions(
  config: ConnectionConfig,
): Pick<KafkaOptions, 'brokers' | 'driver' | 'sasl' | 'tls'> {
  const problems = problemsOf(config);
  if (problems.length > 0) {
    throw new NovaError(errors.KAFKA_SETTINGS_INCOMPLETE, { problems: problems.join('; ') });
  }
  const { kafkaBrokers: brokers, kafkaDriver: driver } = config;
  return { brokers, driver, sasl: saslOf(config), tls: tlsOf(config) };
}

function problemsOf(config: ConnectionConfig): string[] {
  const { kafkaSaslMechanism, kafkaSaslUsername, kafkaSaslPassword } = config;
  const { kafkaTls, kafkaTlsCa, kafkaTlsCertificate, kafkaTlsKey } = config;
  const sasl = [kafkaSaslMechanism, kafkaSaslUsername, kafkaSaslPassword];
  const given = sasl.filter((value) => value !== undefined).length;
  const problems: string[] = [];
  if (given > 0 && given < sasl.length) {
    problems.push(
      'NOVA_KAFKA_SASL_MECHANISM, NOVA_KAFKA_SASL_USERNAME and NOVA_KAFKA_SASL_PASSWORD need each other',
    );
  }
  if ((kafkaTlsCertificate === undefined) !== (kafkaTlsKey === undefined)) {
    problems.push('NOVA_KAFKA_TLS_CERTIFICATE and NOVA_KAFKA_TLS_KEY need each other');
  }
  if (!kafkaTls && (kafkaTlsCa !== undefined || kafkaTlsCertificate !== undefined)) {
    problems.push('certificates are given, but NOVA_KAFKA_TLS is false');
  }
  return problems;
}

function saslOf(config: ConnectionConfig): KafkaOptions['sasl'] {
  const { kafkaSaslMechanism: mechanism } = config;
  const { kafkaSaslUsername: username, kafkaSaslPassword: password } = config;
  if (mechanism === undefined || username === undefined || password === undefined) return undefined;
  return { mechanism, username, password };
}

function tlsOf(config: ConnectionConfig): KafkaOptions['tls'] {
  if (!config.kafkaTls) return undefined;
  const { kafkaTlsCa: ca, kafkaTlsCertificate: certificate, kafkaTlsKey: key } = config;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
}
