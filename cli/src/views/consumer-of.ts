import type { Invocation } from '../verb.ts';

/** The consumer that a verb about a service's views means: `messaging/views`. */
export function consumerOf({ args }: Pick<Invocation, 'args'>, consumer = 'views'): string {
  return `${(args[0] ?? '').replace(/-service$/, '')}/${consumer}`;
}
