import { type Environment, processEnvironment } from '@nova/config';

/** What servers get of this process's environment: where programs are, and nothing that changes them. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH'];

/** The environment of servers: the same for every user, so that they behave the same. */
export function baseEnvironment(
  more: Readonly<Record<string, string>> = {},
  environment: Environment = processEnvironment,
): Record<string, string> {
  const passed = PASSED_ON.map((name) => [name, environment[name]] as const).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { ...Object.fromEntries(passed), LC_ALL: 'C', TZ: 'UTC', ...more };
}
