import { NovaError } from '@nova/errors';
import { RpcError } from '@nova/rpc';
import { errors } from '../errors.ts';
import type { ExitCode, Invocation } from '../verb.ts';
import { type ActDocument, actDocument, printActs } from './act-document.ts';
import { type AskedConsumer, withConsumers } from './consumers-asked.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset'>;

/** `parked acts`: what operators did; with an id, one of them and what of it has failed. */
export function runActs(
  call: Call,
  wishes: { readonly consumer: string | undefined; readonly count: number },
): Promise<ExitCode> {
  const [actId] = call.args;
  return withConsumers(call, wishes.consumer, async (consumers): Promise<ExitCode> => {
    const acts: ActDocument[] = [];
    if (actId !== undefined) acts.push(await oneAct(consumers, actId, false));
    else {
      for (const { client } of consumers) {
        const page = await client.listParkedActs({ pageSize: wishes.count });
        acts.push(...page.acts.map((act) => actDocument(act)));
      }
    }
    acts.sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
    const shown = acts.slice(0, wishes.count);
    if (call.out.format === 'json') call.out.json({ acts: shown });
    else if (shown.length === 0) call.out.note('nobody has done anything yet');
    else printActs(shown, call.out);
    return 0;
  });
}

/** `parked cancel`: ends an act whose terminal is gone. */
export function runCancel(call: Call): Promise<ExitCode> {
  const [actId = ''] = call.args;
  return withConsumers(call, undefined, async (consumers): Promise<ExitCode> => {
    const act = await oneAct(consumers, actId, true);
    if (call.out.format === 'json') call.out.json({ acts: [act] });
    else printActs([act], call.out);
    return act.state === 'cancelled' ? 0 : 1;
  });
}

/** Finds an act, whichever consumer has it. */
async function oneAct(
  consumers: readonly AskedConsumer[],
  actId: string,
  isCancelled: boolean,
): Promise<ActDocument> {
  for (const { client } of consumers) {
    try {
      if (isCancelled) await client.cancelParkedAct({ actId });
      const { act, failed } = await client.getParkedAct({ actId });
      if (act !== undefined) return actDocument(act, failed);
    } catch (thrown) {
      const isUnknown = thrown instanceof RpcError && thrown.reason === 'CONSUMER_ACT_UNKNOWN';
      if (!isUnknown) throw thrown;
    }
  }
  throw new NovaError(errors.CLI_ACT_UNKNOWN, { act_id: actId });
}
