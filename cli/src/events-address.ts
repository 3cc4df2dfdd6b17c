import { loadConfig } from '@nova/config';
import { portPlan } from '@nova/servers';
import { settings } from './settings.ts';
import type { Invocation } from './verb.ts';

/** host:port of events-service: NOVA_EVENTS_URL, else the local one of the stack that is meant. */
export function eventsAddress({
  environment,
  portOffset,
}: Pick<Invocation, 'environment' | 'portOffset'>): string {
  const { eventsUrl } = loadConfig({ eventsUrl: settings.eventsUrl }, [], environment);
  return eventsUrl ?? `localhost:${portPlan(portOffset).events}`;
}
