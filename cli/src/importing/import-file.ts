import { messageOf } from '@nova/errors';
import { dateInName } from '../irc/file-date.ts';
import { FileEvents, type LogFile } from '../irc/file-events.ts';
import type { Finding } from '../irc/finding.ts';
import type { ImportEvent } from '../irc/import-event.ts';
import { LogScan, type LogSummary } from '../irc/scan.ts';
import { Batch } from './batch.ts';
import type { LogSource } from './find-logs.ts';
import type { EventOutcome, PublishBatch } from './publisher.ts';
import { ForeignFileFound, readLines } from './read-lines.ts';
import type { Tally } from './tally.ts';

/** What importing a file needs. */
export interface ImportContext {
  readonly publish: PublishBatch;
  readonly tally: Tally;
  /** Day of files that do not say their own, `YYYY-MM-DD`. */
  readonly date: string | undefined;
  /** Aborted: the batch in flight is finished and nothing more is sent. */
  readonly signal: AbortSignal;
  /** Called whenever something was counted. */
  progressed(): void;
}

/**
 * Imports one file: reads it once to know who occurs in it, a second time to publish its events,
 * one batch in flight, so that the events of each aggregate are stored in the order of the lines.
 * The next batch is read meanwhile.
 */
export async function importFile(source: LogSource, context: ImportContext): Promise<void> {
  const file = await prepare(source, context);
  if (file === undefined) {
    context.tally.bytesDone += source.bytes;
    return;
  }
  const sender = new Sender(source, context);
  const events = new FileEvents(file);
  for (const event of events.begin()) sender.add(event);
  for await (const lines of readLines(source.path)) {
    for (const raw of lines) {
      const result = events.line(raw);
      context.tally.line(result);
      context.tally.bytesDone += raw.bytes + 1;
      for (const event of result.events) sender.add(event);
      if (sender.hasFull) await sender.send();
      if (context.signal.aborted) return sender.settle();
    }
  }
  await sender.send({ also: 'the rest' });
  await sender.settle();
  context.tally.filesDone += 1;
}

async function prepare(source: LogSource, context: ImportContext): Promise<LogFile | undefined> {
  const date = dateInName(source.name) ?? context.date;
  const { network, name, shown } = source;
  const skip = (reason: string, empty = false) => {
    context.tally.skippedFiles.push({ file: shown, reason, named: source.named, empty });
  };
  try {
    const scan = new LogScan({ network, date });
    for await (const lines of readLines(source.path)) {
      for (const raw of lines) scan.push(raw);
      if (context.signal.aborted) return undefined;
    }
    const { summary } = scan;
    const { first } = summary;
    if (first === undefined) {
      skip(whyNothing(summary), summary.lines === 0);
      return undefined;
    }
    return { network, name, path: shown, date, summary: { ...summary, first } };
  } catch (thrown) {
    if (thrown instanceof ForeignFileFound) {
      skip(`it is ${thrown.shape}: make it UTF-8 text first`);
    } else skip(`it cannot be read: ${messageOf(thrown)}`);
    return undefined;
  }
}

function whyNothing({ lines, dateless }: LogSummary): string {
  if (lines === 0) return 'it is empty';
  if (dateless > 0) return 'neither its name nor its lines say the day: give it with --date';
  return `none of its ${lines} lines is understood`;
}

/** Sends a file's events in order, one batch at a time. */
class Sender {
  readonly #source: LogSource;
  readonly #context: ImportContext;
  readonly #batch = new Batch();
  readonly #full: (readonly ImportEvent[])[] = [];
  #inFlight: Promise<void> = Promise.resolve();

  constructor(source: LogSource, context: ImportContext) {
    this.#source = source;
    this.#context = context;
  }

  add(event: ImportEvent): void {
    if (event.eventType === 'user_created' && this.#context.tally.hasUser(event.eventId)) return;
    const full = this.#batch.add(event);
    if (full !== undefined) this.#full.push(full);
  }

  /** True when a batch waits to be sent. */
  get hasFull(): boolean {
    return this.#full.length > 0;
  }

  /** Sends the full batches, and what has been collected since where that is wished. */
  async send({ also }: { also?: 'the rest' } = {}): Promise<void> {
    if (also === 'the rest' && this.#batch.size > 0) this.#full.push(this.#batch.take());
    for (let batch = this.#full.shift(); batch !== undefined; batch = this.#full.shift()) {
      await this.#send(batch);
    }
  }

  /** Waits until the batch in flight is answered. */
  settle(): Promise<void> {
    return this.#inFlight;
  }

  async #send(events: readonly ImportEvent[]): Promise<void> {
    await this.#inFlight;
    if (this.#context.signal.aborted) return;
    this.#inFlight = this.#publish(events);
    // A rejection is seen by whoever waits next; until then it must not count as unhandled.
    this.#inFlight.catch(() => {});
  }

  async #publish(events: readonly ImportEvent[]): Promise<void> {
    const outcomes = await this.#context.publish(events);
    for (const [index, event] of events.entries()) {
      const outcome = outcomes[index] ?? { refused: 'UNKNOWN', message: 'no answer for it' };
      this.#context.tally.event(event, outcome);
      const finding = findingOf(this.#source, event, outcome);
      if (finding !== undefined) this.#context.tally.findings.add(finding);
    }
    this.#context.progressed();
  }
}

function findingOf(
  { shown }: LogSource,
  event: ImportEvent,
  outcome: EventOutcome,
): Finding | undefined {
  if (typeof outcome === 'string') return undefined;
  const reused = outcome.refused === 'EVENT_ID_REUSED';
  return {
    file: shown,
    line: event.line,
    severity: 'refused',
    reason: reused ? 'stored with other content' : 'refused',
    excerpt: `${event.eventType}: ${outcome.refused}: ${outcome.message}`,
  };
}
