import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, processEnvironment } from '@nova/config';
import { runProgram } from '../run-program.ts';

/** A program that was found, or why it was not. */
export type Found =
  | { readonly path: string; readonly version: string; readonly major: number }
  | { readonly problem: string };

/** Kafka 4.3 needs it. */
export const MINIMUM_JAVA = 17;

/** Finds a Java of at least `minimum`: JAVA_HOME first, then PATH. Asks it for its version. */
export async function findJava(
  minimum = MINIMUM_JAVA,
  environment: Environment = processEnvironment,
): Promise<Found> {
  const candidates = [
    ...(environment['JAVA_HOME'] ? [join(environment['JAVA_HOME'], 'bin', 'java')] : []),
    ...onPath('java', environment),
  ];
  const problems: string[] = [];
  for (const path of new Set(candidates)) {
    const result = await runProgram(path, ['-version'], { env: defined(environment) });
    const version = /version "([^"]+)"/.exec(result.output)?.[1];
    if (!result.ok || version === undefined) {
      problems.push(`${path} does not run (${result.end})`);
      continue;
    }
    const major = majorOf(version);
    if (major >= minimum) return { path, version, major };
    problems.push(`${path} is Java ${version}`);
  }
  return { problem: problems.length === 0 ? 'there is no java in PATH' : problems.join('; ') };
}

/** Finds Maven in PATH and asks it for its version. */
export async function findMaven(environment: Environment = processEnvironment): Promise<Found> {
  const [path] = onPath('mvn', environment);
  if (path === undefined) return { problem: 'there is no mvn in PATH' };
  const result = await runProgram(path, ['-B', '--version'], { env: defined(environment) });
  const version = /Apache Maven (\S+)/.exec(result.output)?.[1];
  if (!result.ok || version === undefined) {
    return { problem: `${path} does not run (${result.end})` };
  }
  return { path, version, major: Number(version.split('.')[0]) };
}

/** 1.8.0_392 is Java 8; 17.0.15 is 17; 25 is 25. */
export function majorOf(version: string): number {
  const [first = '', second = ''] = version.split(/[.\-+_]/);
  return Number(first === '1' ? second : first);
}

/** The variables of an environment that are set. */
export function defined(environment: Environment): Record<string, string> {
  const given = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(given);
}

function onPath(program: string, environment: Environment): string[] {
  return (environment['PATH'] ?? '')
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .filter((path) => existsSync(path));
}
