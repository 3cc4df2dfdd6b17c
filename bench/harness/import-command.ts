import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { processEnvironment } from '@nova/config';
import { keepUntilEnd } from './children.ts';

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'src', 'main.ts');

/** What of the document of `import irc -o json` is looked at here. */
export interface ImportReport {
  readonly stored: number;
  readonly refused: number;
  readonly lines: { readonly read: number };
  readonly duration_ms: number;
  /** After the last event was stored. */
  readonly in_kafka_ms: number;
  readonly in_views: boolean;
  readonly consumers: readonly {
    readonly service: string;
    readonly state: string;
    readonly waited_ms?: number;
  }[];
}

/**
 * `./nova import irc`: publishes logs through events-service and waits until they are in Kafka and in
 * every view.
 *
 * @throws Error when the command has no result to tell.
 */
export async function importLogs(
  eventsAddress: string,
  network: string,
  files: readonly string[],
): Promise<ImportReport> {
  const { PATH = '' } = processEnvironment;
  const wait = ['--wait', '--deadline', '3600', '-o', 'json'];
  const words = [CLI, 'import', 'irc', ...files, '--network', network, ...wait];
  const child = spawn(process.execPath, words, {
    env: { PATH, NOVA_EVENTS_URL: eventsAddress },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  keepUntilEnd(child);
  const said: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => said.push(piece));
  await once(child, 'close');
  const text = Buffer.concat(said).toString();
  if (!text.startsWith('{')) throw new Error(`the import ended with ${child.exitCode}`);
  // The document that `ImportReport` describes in part.
  return JSON.parse(text) as ImportReport;
}
