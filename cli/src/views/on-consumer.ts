import { type AskedConsumer, withConsumers } from '../parked/consumers-asked.ts';
import type { ExitCode, Invocation } from '../verb.ts';

/**
 * Gives `work` the consumer that a verb about a service's views means: `messaging/views`, unless
 * another one is named.
 *
 * @throws CLI_CONSUMER_UNKNOWN, CLI_CONSUMER_SILENT
 */
export function onConsumer(
  call: Pick<Invocation, 'args' | 'environment' | 'portOffset' | 'out'>,
  { consumer = 'views' }: { readonly consumer: string | undefined },
  work: (asked: AskedConsumer) => Promise<ExitCode>,
): Promise<ExitCode> {
  const service = (call.args[0] ?? '').replace(/-service$/, '');
  return withConsumers(call, `${service}/${consumer}`, async ([asked]) => {
    if (asked === undefined) throw new TypeError('the consumer that is named is not there');
    return work(asked);
  });
}
