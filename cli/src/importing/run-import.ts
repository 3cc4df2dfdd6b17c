import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import type { Client } from '@nova/rpc';
import { systemClock } from '@nova/time';
import { withEventsClient } from '../calls.ts';
import { registeredConsumers } from '../consumers/registered-consumer.ts';
import type { Output } from '../output.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { findLogs, type LogSource } from './find-logs.ts';
import { grpcPublisher } from './grpc-publisher.ts';
import { type ImportResult, importLogs } from './import-logs.ts';
import { printReport, reportDocument, writeReportFile } from './import-report.ts';
import { LastEvents } from './last-events.ts';
import { countText, progressLine } from './progress-line.ts';
import { waitApplied } from './wait-applied.ts';
import { waitPublished } from './wait-published.ts';
import {
  type Finish,
  finishDocument,
  printWaited,
  waitingLine,
  whatIsLeft,
} from './wait-report.ts';

/** How long events-service may take to answer at all. */
const REACH_MS = 5000;

/** What the person asked for. */
export interface ImportWishes {
  readonly network: string | undefined;
  readonly date: string | undefined;
  readonly rate: number;
  readonly wait: boolean;
  /** Seconds. */
  readonly deadline: number;
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
  const last = new LastEvents();
  const publish = grpcPublisher({
    client,
    clock: systemClock,
    rate: wishes.rate,
    signal,
    onStored: (event) => last.note(event),
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
  const finish = await finished(client, result, last, wishes, signal, out);
  if (wishes.report !== undefined) await writeReportFile(wishes.report, result.tally);
  if (out.format === 'json') {
    out.json({ ...reportDocument(result, wishes.report), ...finishDocument(finish) });
  } else {
    printReport(result, out);
    if (finish?.consumers !== undefined) printWaited(finish.consumers, out);
  }
  return judge(result, finish, out);
}

/** Waits for Kafka and the consumers where that is wished. */
async function finished(
  client: Client<typeof EventsService>,
  result: ImportResult,
  last: LastEvents,
  wishes: ImportWishes,
  signal: AbortSignal,
  out: Output,
): Promise<Finish | undefined> {
  if (!wishes.wait || result.failure !== undefined || result.interrupted) return undefined;
  const startedMs = systemClock.monotonicMs();
  const inKafka = await waitPublished(client, signal, ({ pending }) =>
    out.progress(`${countText(Number(pending))} events on their way to Kafka`),
  );
  const inKafkaMs = systemClock.monotonicMs() - startedMs;
  const consumers = await waitApplied({
    registered: () => registeredConsumers(client),
    last: last.all(),
    clock: systemClock,
    startedMs,
    signal,
    deadlineMs: wishes.deadline * 1000,
    onProgress: (standings) => out.progress(waitingLine(standings)),
  });
  out.progressDone();
  return { inKafka, inKafkaMs, ms: systemClock.monotonicMs() - startedMs, consumers };
}

function judge(result: ImportResult, finish: Finish | undefined, out: Output): ExitCode {
  if (result.failure !== undefined) {
    out.note('stopped; the same command goes on where this one ended');
    throw result.failure;
  }
  if (result.interrupted) {
    out.note('interrupted; the same command goes on where this one ended');
    return 1;
  }
  const left = finish === undefined ? undefined : whatIsLeft(finish);
  if (left !== undefined) out.note(left);
  return left !== undefined || isIncomplete(result) ? 1 : 0;
}

function isIncomplete({ tally }: ImportResult): boolean {
  const named = tally.skippedFiles.some((file) => file.named && !file.empty);
  const nothing = tally.filesDone === 0 && tally.skippedFiles.some(({ empty }) => !empty);
  return tally.refused > 0 || named || nothing;
}
