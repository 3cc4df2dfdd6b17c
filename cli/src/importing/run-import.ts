import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import type { Client } from '@nova/rpc';
import { systemClock } from '@nova/time';
import { withEventsClient } from '../calls.ts';
import type { Output } from '../output.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { findLogs, type LogSource } from './find-logs.ts';
import { grpcPublisher } from './grpc-publisher.ts';
import { type ImportResult, importLogs } from './import-logs.ts';
import { printReport, reportDocument, writeReportFile } from './import-report.ts';
import { countText, progressLine } from './progress-line.ts';
import { waitPublished } from './wait-published.ts';

/** How long events-service may take to answer at all. */
const REACH_MS = 5000;

/** What the person asked for. */
export interface ImportWishes {
  readonly network: string | undefined;
  readonly date: string | undefined;
  readonly rate: number;
  readonly wait: boolean;
  readonly report: string | undefined;
}

type Call = Pick<Invocation, 'args' | 'out' | 'signal' | 'environment' | 'portOffset'>;

/**
 * `import irc`, from paths to the printed result.
 *
 * @throws CLI_WRONG_USE for paths that cannot be imported, RpcError when events-service stays away.
 */
export async function runImport(call: Call, wishes: ImportWishes): Promise<ExitCode> {
  const sources = await findLogs(call.args, wishes.network);
  if (sources.length === 0) throw wrongUse('there is no file in the given folders');
  return await withEventsClient(EventsService, call, async (client) => {
    // Before any file is read, whether somebody is there at all.
    await client.getOutboxStatus({}, { deadlineMs: REACH_MS });
    return await importWith(client, sources, call, wishes);
  });
}

async function importWith(
  client: Client<typeof EventsService>,
  sources: readonly LogSource[],
  { out, signal }: Call,
  wishes: ImportWishes,
): Promise<ExitCode> {
  const total = {
    files: sources.length,
    bytes: sources.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  const startedMs = systemClock.monotonicMs();
  signal.addEventListener('abort', () => out.note('finishing the batches in flight …'), {
    once: true,
  });
  const publish = grpcPublisher({
    client,
    clock: systemClock,
    rate: wishes.rate,
    signal,
    onRetry: ({ status, message }) => out.progress(`${status}, trying again: ${message}`),
  });
  const result = await importLogs({
    sources,
    publish,
    date: wishes.date,
    clock: systemClock,
    signal,
    onProgress: (tally) =>
      out.progress(progressLine(tally, total, systemClock.monotonicMs() - startedMs)),
  });
  out.progressDone();
  const published = await finish(client, result, wishes.wait, signal, out);
  if (wishes.report !== undefined) await writeReportFile(wishes.report, result.tally);
  if (out.format === 'json') {
    out.json({ ...reportDocument(result, wishes.report), in_kafka: published });
  } else printReport(result, out);
  return judge(result, published, out);
}

/** Waits for Kafka where that is wished; answers whether everything is there, if known. */
async function finish(
  client: Client<typeof EventsService>,
  result: ImportResult,
  wait: boolean,
  signal: AbortSignal,
  out: Output,
): Promise<boolean | undefined> {
  if (!wait || result.failure !== undefined || result.interrupted) return undefined;
  return await waitPublished(client, signal, ({ pending }) =>
    out.progress(`${countText(Number(pending))} events on their way to Kafka`),
  );
}

function judge(result: ImportResult, published: boolean | undefined, out: Output): ExitCode {
  if (result.failure !== undefined) {
    out.note('stopped; the same command goes on where this one ended');
    throw result.failure;
  }
  if (result.interrupted) {
    out.note('interrupted; the same command goes on where this one ended');
    return 1;
  }
  if (published === false) {
    out.note('all events are stored, but not yet all in Kafka; ./nova status shows how many wait');
    return 1;
  }
  const { tally } = result;
  const named = tally.skippedFiles.some((file) => file.named && !file.empty);
  const nothing = tally.filesDone === 0 && tally.skippedFiles.some(({ empty }) => !empty);
  return tally.refused > 0 || named || nothing ? 1 : 0;
}
