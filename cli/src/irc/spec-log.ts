import { Buffer } from 'node:buffer';
import { acceptPayload, catalogue } from '@nova/events';
import { FileEvents, type LineResult } from './file-events.ts';
import type { ImportEvent } from './import-event.ts';
import { LineSplitter } from './raw-line.ts';
import { LogScan } from './scan.ts';

/** Network of the logs of specs. */
export const NETWORK = 'testnet';
/** File name of the logs of specs. */
export const NAME = '2004-12-25.log';

/** What came of a log. */
export interface Imported {
  readonly events: readonly ImportEvent[];
  readonly lines: readonly LineResult[];
}

/** Imports a text as if it were a file. */
export function importText(text: string, name = NAME): Imported {
  const splitter = new LineSplitter();
  const raws = [...splitter.push(Buffer.from(text)), ...splitter.end()];
  const date = '2004-12-25';
  const scan = new LogScan({ network: NETWORK, date });
  for (const raw of raws) scan.push(raw);
  const { summary } = scan;
  const { first } = summary;
  if (first === undefined) return { events: [], lines: [] };
  const file = new FileEvents({
    network: NETWORK,
    name,
    path: name,
    date,
    summary: { ...summary, first },
  });
  const begin = file.begin();
  const lines = raws.map((raw) => file.line(raw));
  return { events: [...begin, ...lines.flatMap(({ events }) => events)], lines };
}

/** Whether events-service would take the event, with what it would say. */
export function judge({ eventType, aggregateId, payload }: ImportEvent) {
  const type = catalogue.get(eventType);
  if (type === undefined) throw new Error(`${eventType} is not in the catalogue`);
  return acceptPayload(type, { aggregateId, payload });
}
