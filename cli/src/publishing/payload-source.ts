import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { messageOf } from '@nova/errors';
import type { JsonObject } from '@nova/proto/runtime';
import { wrongUse } from '../verb.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * The payload that was meant: JSON text, `@file`, or `-` for standard input.
 *
 * @param what how it is called in errors
 * @throws CLI_WRONG_USE when it cannot be read, is not UTF-8 or no JSON object.
 */
export async function readPayload(
  given: string,
  stdin: AsyncIterable<Uint8Array>,
  what = 'the payload',
): Promise<JsonObject> {
  const value = parse(await textOf(given, stdin, what), what);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongUse(`${what} must be a JSON object`);
  }
  // JSON.parse made it, so that everything in it is JSON.
  return value as JsonObject;
}

async function textOf(
  given: string,
  stdin: AsyncIterable<Uint8Array>,
  what: string,
): Promise<string> {
  if (given === '-') return decode(await all(stdin), 'standard input', what);
  if (!given.startsWith('@')) return given;
  const path = given.slice(1);
  try {
    return decode(await readFile(path), path, what);
  } catch (thrown) {
    throw wrongUse(`${what} ${given} cannot be read: ${messageOf(thrown)}`);
  }
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function decode(bytes: Uint8Array, from: string, what: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw wrongUse(`${what} from ${from} is not valid UTF-8`);
  }
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw wrongUse(`${what} is not JSON: ${messageOf(thrown)}`);
  }
}
