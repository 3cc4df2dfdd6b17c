import { readFileSync } from 'node:fs';
import { messageOf, NovaError } from '@nova/errors';
import { errors } from './errors.ts';
import type { Setting } from './setting.ts';

/** A set of settings by the name the code uses. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values of a set of settings. */
export type Values<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never;
};

/** A relation between settings: a sentence that says what is wrong, or undefined. */
export type Rule<S extends Settings> = (values: Values<S>) => string | undefined;

/** Where settings are read from. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process; nothing outside this lib reads it. */
export const processEnvironment: Environment = process.env;

/**
 * Reads and checks all settings once. A secret may also be given as a file: `<NAME>_FILE`.
 *
 * @throws CONFIG_INVALID with every problem found, not only the first.
 */
export function loadConfig<const S extends Settings>(
  settings: S,
  rules: readonly Rule<S>[] = [],
  environment: Environment = processEnvironment,
): Values<S> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const read = readSetting(setting, environment);
    if ('problem' in read) problems.push(`${setting.env} ${read.problem}`);
    else values[name] = read.value;
  }
  // Complete at this point, which the loop cannot tell the compiler.
  const complete = Object.freeze(values) as Values<S>;
  if (problems.length === 0) {
    problems.push(
      ...rules.map((rule) => rule(complete)).filter((problem) => problem !== undefined),
    );
  }
  if (problems.length > 0) {
    throw new NovaError(errors.CONFIG_INVALID, {
      problems: problems.map((problem) => `\n  - ${problem}`).join(''),
    });
  }
  return complete;
}

/** Effective values as text, one line a setting, secrets masked. */
export function printConfig<S extends Settings>(settings: S, values: Values<S>): string {
  return Object.entries(settings)
    .map(([name, setting]) => {
      const value = values[name];
      const shown = value === undefined ? '' : setting.secret ? '********' : String(value);
      return `${setting.env}=${shown}`;
    })
    .join('\n');
}

function readSetting(
  setting: Setting<unknown>,
  environment: Environment,
): { value: unknown } | { problem: string } {
  const found = findText(setting, environment);
  if ('problem' in found) return found;
  if (found.text !== undefined) return setting.parse(found.text);
  if (setting.default !== undefined) return { value: setting.default };
  if (setting.optional) return { value: undefined };
  return { problem: `is not set (${setting.doc})` };
}

function findText(
  setting: Setting<unknown>,
  environment: Environment,
): { text: string | undefined } | { problem: string } {
  const text = environment[setting.env];
  const file = setting.secret ? environment[`${setting.env}_FILE`] : undefined;
  if (file === undefined) return { text };
  if (text !== undefined) return { problem: `and ${setting.env}_FILE are both set` };
  try {
    return { text: readFileSync(file, 'utf8').trimEnd() };
  } catch (thrown) {
    return { problem: `_FILE cannot be read: ${messageOf(thrown)}` };
  }
}
