import { parsePosition, parseTime } from '@nova/events';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Subscription, SubscriptionStrategy } from '@nova/proto/gen/events/subscriptions_pb';
import { allPages } from '../all-pages.ts';
import { withEventsClient } from '../calls.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import {
  printSubscription,
  printSubscriptions,
  subscriptionDocument,
} from './print-subscription.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset'>;

/** Which events, to whom and how, as a person writes it. */
export interface CreateWishes {
  readonly aggregateType: readonly string[];
  readonly aggregate: string | undefined;
  readonly prefix: string | undefined;
  readonly tenant: string | undefined;
  readonly from: string | undefined;
  readonly strategy: StrategyWord;
  readonly ackTimeout: number;
  readonly maxAttempts: number;
}

type StrategyWord = 'round-robin' | 'single' | 'pinned';

const STRATEGIES: Readonly<Record<StrategyWord, SubscriptionStrategy>> = {
  'round-robin': SubscriptionStrategy.ROUND_ROBIN,
  single: SubscriptionStrategy.SINGLE,
  pinned: SubscriptionStrategy.PINNED,
};

/** `subscribe create`. @throws RpcError, CLI_WRONG_USE */
export async function runCreate(call: Call, wishes: CreateWishes): Promise<ExitCode> {
  const [name = '', ...eventTypes] = call.args;
  const from = startOf(wishes.from);
  const { subscription, existed } = await withEventsClient(EventsService, call, (client) =>
    client.createSubscription({
      name,
      filter: {
        eventTypes,
        aggregateTypes: [...wishes.aggregateType],
        aggregateId: wishes.aggregate ?? '',
        aggregateIdPrefix: wishes.prefix ?? '',
        tenant: wishes.tenant ?? '',
      },
      strategy: STRATEGIES[wishes.strategy],
      ackTimeout: { seconds: BigInt(wishes.ackTimeout) },
      maxAttempts: wishes.maxAttempts,
      from,
    }),
  );
  if (existed) call.out.note('it was there already, as it is asked for');
  return tell(call, subscription);
}

/** Where `--from` says to begin. @throws CLI_WRONG_USE */
export function startOf(from = 'now') {
  if (from === 'beginning') return { case: 'beginning' as const, value: true };
  if (from === 'now') return { case: 'now' as const, value: true };
  if (parsePosition(from) !== undefined) return { case: 'position' as const, value: from };
  const value = parseTime(from);
  if (value !== undefined) return { case: 'time' as const, value };
  throw wrongUse(`--from must be beginning, now, a position, or a time (RFC 3339): ${from}`);
}

/** `subscribe list`. @throws RpcError */
export async function runList(call: Call): Promise<ExitCode> {
  const all = await withEventsClient(EventsService, call, (client) =>
    allPages(
      (pageToken) => client.listSubscriptions({ pageSize: 100, pageToken }),
      ({ subscriptions }) => subscriptions,
    ),
  );
  if (call.out.format === 'json') call.out.json(all.map(subscriptionDocument));
  else printSubscriptions(all, call.out);
  return 0;
}

/** `subscribe show`. @throws RpcError */
export async function runShow(call: Call): Promise<ExitCode> {
  const { subscription } = await withEventsClient(EventsService, call, (client) =>
    client.getSubscription({ name: nameOf(call) }),
  );
  return tell(call, subscription);
}

/** `subscribe update`: what is -1 or unchanged stays. @throws RpcError, CLI_WRONG_USE */
export async function runUpdate(
  call: Call,
  wishes: {
    readonly strategy: StrategyWord | 'unchanged';
    readonly ackTimeout: number;
    readonly maxAttempts: number;
  },
): Promise<ExitCode> {
  const { strategy, ackTimeout, maxAttempts } = wishes;
  const change = {
    ...(strategy === 'unchanged' ? {} : { strategy: STRATEGIES[strategy] }),
    ...(ackTimeout < 0 ? {} : { ackTimeout: { seconds: BigInt(ackTimeout) } }),
    ...(maxAttempts < 0 ? {} : { maxAttempts }),
  };
  if (Object.keys(change).length === 0) throw wrongUse('say what to change; see --help');
  return await applyChange(call, change);
}

/** `subscribe stop`. @throws RpcError, CLI_WRONG_USE */
export async function runStop(
  call: Call,
  { reason }: { readonly reason: string | undefined },
): Promise<ExitCode> {
  if (reason === undefined) throw wrongUse('stopping needs a --reason; its consumers are told');
  return await applyChange(call, { stopped: true, reason });
}

/** `subscribe resume`. @throws RpcError */
export async function runResume(call: Call): Promise<ExitCode> {
  return await applyChange(call, { stopped: false });
}

/** `subscribe delete`. @throws RpcError */
export async function runDelete(call: Call): Promise<ExitCode> {
  const name = nameOf(call);
  await withEventsClient(EventsService, call, (client) => client.deleteSubscription({ name }));
  if (call.out.format === 'json') call.out.json({ deleted: name });
  else call.out.line(`deleted: ${name}`);
  return 0;
}

async function applyChange(
  call: Call,
  change: {
    readonly strategy?: SubscriptionStrategy;
    readonly ackTimeout?: { readonly seconds: bigint };
    readonly maxAttempts?: number;
    readonly stopped?: boolean;
    readonly reason?: string;
  },
): Promise<ExitCode> {
  const { subscription } = await withEventsClient(EventsService, call, (client) =>
    client.updateSubscription({ name: nameOf(call), ...change }),
  );
  return tell(call, subscription);
}

function tell({ out }: Call, subscription: Subscription | undefined): ExitCode {
  if (subscription === undefined) throw new TypeError('an answer without its subscription');
  if (out.format === 'json') out.json(subscriptionDocument(subscription));
  else printSubscription(subscription, out);
  return 0;
}

function nameOf({ args }: Call): string {
  return args[0] ?? '';
}
