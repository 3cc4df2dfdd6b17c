import { loadConfig } from '@nova/config';
import { settings } from '@nova/kafka';
import type { Invocation } from '../verb.ts';

/** host:port of the brokers: NOVA_KAFKA_BROKERS, else the local one of the stack that is meant. */
export function kafkaBrokers({
  environment,
  portOffset,
}: Pick<Invocation, 'environment' | 'portOffset'>): readonly string[] {
  const { kafkaBrokers: brokers } = settings;
  if (environment[brokers.env] === undefined) return [`localhost:${9092 + portOffset}`];
  return loadConfig({ brokers }, [], environment).brokers;
}
