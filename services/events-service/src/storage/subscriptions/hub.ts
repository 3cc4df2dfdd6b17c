import { loop, type Part } from '@nova/lifecycle';
import type { KeptSubscription } from '../../domain/subscription.ts';
import type { LogGrowth } from '../log-growth.ts';
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts';

/** The subscriptions that have consumers at this instance. */
export interface SubscriptionHub {
  readonly part: Part;
  /** The dispatcher of a subscription. */
  of(subscription: KeptSubscription): Dispatcher;
  /** Says that something about a subscription was changed here. */
  wake(id: bigint): void;
}

/** Long enough to wait in one go: growth of the log is told. */
const FOR_LONG_MS = 3_600_000;

/** Makes dispatchers when the first consumer comes; each ends when its last one has gone. */
export function createSubscriptionHub(
  options: DispatcherOptions & { readonly growth: LogGrowth },
): SubscriptionHub {
  const { database, clock, growth } = options;
  const logger = options.logger.child({ component: 'subscriptions' });
  const dispatchers = new Map<bigint, Dispatcher>();
  const following = loop(
    'subscriptions',
    async (signal) => {
      while (!signal.aborted) {
        await growth.watch().wait(FOR_LONG_MS, signal);
        for (const one of dispatchers.values()) one.grown();
      }
    },
    (thrown) => logger.error({ err: thrown }, 'subscriptions follow the log no more, by a bug'),
  );
  return {
    part: {
      name: 'subscriptions',
      start: () => following.start(),
      async stop() {
        await following.stop();
        await Promise.all([...dispatchers.values()].map((one) => one.stop()));
      },
    },
    of(subscription) {
      for (const [id, one] of dispatchers) if (one.isIdle) dispatchers.delete(id);
      const found =
        dispatchers.get(subscription.id) ??
        new Dispatcher({ database, clock, logger }, subscription);
      dispatchers.set(subscription.id, found);
      return found;
    },
    wake: (id) => dispatchers.get(id)?.changed(),
  };
}
