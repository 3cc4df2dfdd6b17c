import { readFile } from 'node:fs/promises';
import type { IdentityConfig } from './settings.ts';

const FETCH_DEADLINE_MS = 5000;
const LARGEST_BYTES = 256 * 1024;

/** Where a JWKS is. */
export interface KeySource {
  /** Without anything secret that an address may contain. */
  readonly from: string;
  load(): Promise<string>;
}

/** The source of keys that is configured; undefined where none is. */
export function keySource(
  config: Pick<IdentityConfig, 'authJwksFile' | 'authJwksUrl'>,
): KeySource | undefined {
  const { authJwksFile: file, authJwksUrl: address } = config;
  if (file !== undefined) {
    return { from: file, load: async () => bounded(await readFile(file, 'utf8')) };
  }
  if (address === undefined) return undefined;
  const { origin, pathname } = new URL(address);
  return { from: `${origin}${pathname}`, load: () => fetchText(address) };
}

async function fetchText(address: string): Promise<string> {
  // A redirect could lead anywhere, also to where nothing is encrypted.
  const answer = await fetch(address, {
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_DEADLINE_MS),
    headers: { accept: 'application/jwk-set+json, application/json' },
  });
  if (!answer.ok) {
    await answer.body?.cancel();
    throw new Error(`HTTP status ${answer.status}`);
  }
  let text = '';
  const decoder = new TextDecoder();
  if (answer.body === null) return '';
  // The types of fetch say nothing of what its body is made of.
  const chunks: AsyncIterable<Uint8Array> = answer.body;
  for await (const chunk of chunks) text = bounded(text + decoder.decode(chunk, { stream: true }));
  return text;
}

function bounded(text: string): string {
  if (text.length <= LARGEST_BYTES) return text;
  throw new Error(`it is larger than ${LARGEST_BYTES} bytes`);
}
