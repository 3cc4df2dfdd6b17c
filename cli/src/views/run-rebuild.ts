import type { OpsService } from '@nova/proto/gen/ops/ops_service_pb';
import { type Rebuild, RebuildState } from '@nova/proto/gen/ops/ops_service_pb';
import type { Client } from '@nova/rpc';
import { sleep } from '@nova/time';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { onConsumer } from './on-consumer.ts';
import { printRebuild, rebuildDocument } from './print-rebuild.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset' | 'signal'>;

interface Wishes {
  readonly consumer: string | undefined;
}

const POLL_MS = 300;

/** `view rebuild`: begins one and waits for its end. Fails with RpcError. */
export function runRebuild(
  call: Call,
  wishes: Wishes & {
    readonly reason: string | undefined;
    readonly dryRun: boolean;
    readonly detach: boolean;
  },
): Promise<ExitCode> {
  const { reason = '', dryRun, detach } = wishes;
  if (reason === '' && !dryRun) throw wrongUse('a rebuild needs a --reason; it is kept with it');
  return onConsumer(call, wishes, async ({ client, name }) => {
    const { rebuild: begun } = await client.startRebuild({ reason, dryRun });
    if (dryRun) return tellDry(call, name, standingOf(begun));
    if (detach) return tell(call, standingOf(begun));
    return tell(call, await untilOver(call, client, standingOf(begun)));
  });
}

/** `view status`. Fails with RpcError. */
export function runStatus(call: Call, wishes: Wishes): Promise<ExitCode> {
  return onConsumer(call, wishes, async ({ client }) => {
    tell(call, standingOf((await client.getRebuild({})).rebuild));
    return 0;
  });
}

/** `view cancel`. Fails with RpcError. */
export function runCancel(call: Call, wishes: Wishes): Promise<ExitCode> {
  return onConsumer(call, wishes, async ({ client }) => {
    const rebuild = standingOf((await client.cancelRebuild({})).rebuild);
    tell(call, rebuild);
    return rebuild.state === RebuildState.CANCELLED ? 0 : 1;
  });
}

async function untilOver(
  { out, signal }: Call,
  client: Client<typeof OpsService>,
  begun: Rebuild,
): Promise<Rebuild> {
  let rebuild = begun;
  while (rebuild.state === RebuildState.RUNNING && !signal.aborted) {
    out.progress(
      `generation ${rebuild.generation}: position ${rebuild.scanned} of ${rebuild.head}`,
    );
    await sleep(POLL_MS, signal);
    rebuild = standingOf((await client.getRebuild({})).rebuild);
  }
  out.progressDone();
  if (signal.aborted) out.note('it goes on; `./nova view status` tells how far it is');
  return rebuild;
}

function tell({ out }: Call, rebuild: Rebuild): ExitCode {
  if (out.format === 'json') out.json(rebuildDocument(rebuild));
  else printRebuild(rebuild, out);
  const { state } = rebuild;
  return state === RebuildState.FAILED || state === RebuildState.CANCELLED ? 1 : 0;
}

function tellDry({ out }: Call, name: string, rebuild: Rebuild): ExitCode {
  const { head, aggregates, views, servingGeneration } = rebuild;
  const document = {
    consumer: name,
    serving_generation: servingGeneration,
    events_of_the_log: head,
    aggregates,
    views,
  };
  if (out.format === 'json') out.json(document);
  else {
    out.line(
      `${name}: ${head} events of the log would be looked at, for the ${views.length} views ` +
        `${views.join(', ')} of ${aggregates} aggregates; generation ${servingGeneration} serves`,
    );
  }
  return 0;
}

function standingOf(rebuild: Rebuild | undefined): Rebuild {
  if (rebuild === undefined) throw new TypeError('a rebuild was answered without itself');
  return rebuild;
}
