import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type Environment, processEnvironment, setting } from '@nova/config';

/** Settings of local servers. */
export const settings = {
  cacheDir: setting.optional(
    setting.string({
      env: 'NOVA_CACHE_DIR',
      doc: 'folder for what checkouts share (Node, pnpm, packages, jars); by default nova in XDG_CACHE_HOME or ~/.cache',
    }),
  ),
  stateDir: setting.optional(
    setting.string({
      env: 'NOVA_STATE_DIR',
      doc: 'folder for data, logs and endpoints of a local nova; by default .nova in the checkout',
    }),
  ),
};

/** The folder that checkouts share; the launcher script `nova` uses the same rule. */
export function cacheDirectory(environment: Environment = processEnvironment): string {
  const given = environment['NOVA_CACHE_DIR'];
  if (given) return given;
  const cache = environment['XDG_CACHE_HOME'];
  // The XDG specification says that a relative path is to be ignored.
  return join(cache && isAbsolute(cache) ? cache : join(homedir(), '.cache'), 'nova');
}
