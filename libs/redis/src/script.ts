import { createHash } from 'node:crypto';

/** A Lua script that Redis runs as one step: nothing else happens in between. */
export interface RedisScript {
  /** In errors. */
  readonly name: string;
  readonly lua: string;
  readonly sha1: string;
}

/**
 * Names a script. Write it so that a second run of the same call changes nothing, or so that it does
 * no harm: a call without an answer may have been carried out.
 */
export function redisScript(name: string, lua: string): RedisScript {
  return { name, lua, sha1: createHash('sha1').update(lua).digest('hex') };
}
