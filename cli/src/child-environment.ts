import { dirname } from 'node:path';
import { type Environment, processEnvironment } from '@nova/config';

/**
 * The environment for a child process: this one's, with this Node first in PATH (scripts of
 * packages start `node` by name), then `directories`, and with `more` on top.
 */
export function childEnvironment(
  more: Readonly<Record<string, string>> = {},
  directories: readonly string[] = [],
  environment: Environment = processEnvironment,
): Record<string, string> & { readonly PATH: string } {
  const given = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const path = [dirname(process.execPath), ...directories, environment['PATH'] ?? ''];
  return {
    ...Object.fromEntries(given),
    PATH: path.filter((directory) => directory !== '').join(':'),
    ...more,
  };
}
