import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll } from '@jest/globals';
import type * as Platformatic from '@platformatic/kafka';
import type * as Kafkajs from 'kafkajs';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = mkdtempSync(join(realpathSync(tmpdir()), 'nova-published-'));

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

/**
 * The file of a client that a program loads, in a copy of what is installed with our patch of it taken
 * back: what a spec shows of a plain client is then the client's own doing, and no patch hides it.
 */
function published(name: string, entry: string): string {
  const installed = realpathSync(join(root, 'libs/kafka/node_modules', name));
  // What it depends on is linked beside it.
  const beside = join(folder, name.replace('/', '+'), 'node_modules');
  cpSync(installed.slice(0, -name.length - 1), beside, { recursive: true });
  const copy = join(beside, name);
  const [patch = ''] = globSync(`patches/${name.replace('/', '__')}@*.patch`, { cwd: root });
  execFileSync('git', ['apply', '-R', join(root, patch)], { cwd: copy });
  // Inside a repository git leaves out what is not below its folder, without a word.
  const patched = globSync('**/*.{js,ts}', { cwd: copy }).filter((file) =>
    readFileSync(join(copy, file), 'utf8').includes('nova:'),
  );
  if (patched.length > 0) throw new Error(`still patched: ${patched.join(', ')}`);
  return pathToFileURL(join(copy, entry)).href;
}

/** kafkajs as it is published. */
export const kafkajs = (await import(published('kafkajs', 'index.js'))) as typeof Kafkajs;

/** @platformatic/kafka as it is published. */
export const platformatic = (await import(
  published('@platformatic/kafka', 'dist/index.js')
)) as typeof Platformatic;
