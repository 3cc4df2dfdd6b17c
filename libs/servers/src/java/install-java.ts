import { readFileSync } from 'node:fs';
import { type Environment, processEnvironment } from '@nova/config';
import { NovaError } from '@nova/errors';
import { errors } from '../errors.ts';
import { indented, lastLinesOf } from '../log-tail.ts';
import { runProgram } from '../run-program.ts';
import { defined, type Found, findJava, findMaven, MINIMUM_JAVA } from './find-java.ts';

/** Java and Maven, found or installed. */
export interface JavaTools {
  readonly java: string;
  readonly javaVersion: string;
  /** Undefined where it is missing and nobody needs it, because the jars are cached. */
  readonly maven: string | undefined;
}

/** What the machine is, as far as installing goes; specs give their own. */
export interface Machine {
  readonly isRoot: boolean;
  readonly platform: NodeJS.Platform;
  /** The text of /etc/os-release, '' where there is none. */
  readonly osRelease: string;
}

/** Debian's names of what the embedded Kafka needs. */
const PACKAGES = 'openjdk-17-jre-headless maven';
const INSTALL_WITHIN_MS = 300_000;

/** The line that installs Java and Maven on this machine. */
export function installLine(machine: Machine = thisMachine()): string {
  const sudo = machine.isRoot ? '' : 'sudo ';
  if (machine.platform === 'darwin') return 'brew install openjdk@17 maven';
  if (isDebian(machine)) return `${sudo}apt-get install -y ${PACKAGES}`;
  if (/^(ID|ID_LIKE)=.*(fedora|rhel)/m.test(machine.osRelease)) {
    return `${sudo}dnf install -y java-17-openjdk-headless maven`;
  }
  if (/^(ID|ID_LIKE)=.*arch/m.test(machine.osRelease)) {
    return `${sudo}pacman -S jre17-openjdk-headless maven`;
  }
  if (/^ID=.*alpine/m.test(machine.osRelease)) return `${sudo}apk add openjdk17-jre-headless maven`;
  return 'install Java 17 or later and Maven with the package manager of this system';
}

/** True where nova installs missing packages by itself: as root on Debian and Ubuntu. */
export function canInstall(machine: Machine = thisMachine()): boolean {
  return machine.isRoot && machine.platform === 'linux' && isDebian(machine);
}

/** How `ensureJava` is asked. */
export interface EnsureJavaOptions {
  /** False when the jars are cached already: then Maven is not looked for. */
  readonly needsMaven: boolean;
  /** Told before something is installed and each line of the installer. */
  readonly onLine?: (line: string) => void;
  readonly environment?: Environment;
  readonly machine?: Machine;
}

/**
 * Finds Java and Maven; as root on Debian or Ubuntu installs what is missing.
 *
 * @throws SERVERS_JAVA_MISSING, SERVERS_MAVEN_MISSING with the line that installs them;
 *   SERVERS_INSTALL_FAILED
 */
export async function ensureJava(options: EnsureJavaOptions): Promise<JavaTools> {
  const { needsMaven, environment = processEnvironment, machine = thisMachine() } = options;
  const find = async (): Promise<{ java: Found; maven: Found | undefined }> => {
    const [java, maven] = await Promise.all([
      findJava(MINIMUM_JAVA, environment),
      needsMaven ? findMaven(environment) : undefined,
    ]);
    return { java, maven };
  };
  let found = await find();
  const complete = !('problem' in found.java) && (!found.maven || !('problem' in found.maven));
  if (!complete && canInstall(machine)) {
    await install(environment, machine, options.onLine ?? (() => {}));
    found = await find();
  }
  const remedy = `Install it: ${installLine(machine)}.`;
  if ('problem' in found.java) {
    const params = { minimum: MINIMUM_JAVA, reason: found.java.problem, remedy };
    throw new NovaError(errors.SERVERS_JAVA_MISSING, params);
  }
  if (found.maven && 'problem' in found.maven) {
    throw new NovaError(errors.SERVERS_MAVEN_MISSING, { reason: found.maven.problem, remedy });
  }
  return {
    java: found.java.path,
    javaVersion: found.java.version,
    maven: found.maven?.path,
  };
}

async function install(
  environment: Environment,
  machine: Machine,
  onLine: (line: string) => void,
): Promise<void> {
  const env = { ...defined(environment), DEBIAN_FRONTEND: 'noninteractive' };
  const line = installLine(machine);
  onLine(`installing Java and Maven: ${line}`);
  const [file = '', ...args] = line.split(' ');
  // The lists of a fresh image are empty or old; when they are fine this costs a few seconds.
  await runProgram(file, ['update'], { env, onLine, withinMs: INSTALL_WITHIN_MS });
  const withoutExtras = [...args, '--no-install-recommends'];
  const result = await runProgram(file, withoutExtras, {
    env,
    onLine,
    withinMs: INSTALL_WITHIN_MS,
  });
  if (!result.ok) {
    const lines = indented(lastLinesOf(result.output, 10));
    throw new NovaError(errors.SERVERS_INSTALL_FAILED, { line, end: result.end, lines });
  }
}

function isDebian({ osRelease }: Machine): boolean {
  return /^(ID|ID_LIKE)=.*(debian|ubuntu)/m.test(osRelease);
}

function thisMachine(): Machine {
  const read = () => {
    try {
      return readFileSync('/etc/os-release', 'utf8');
    } catch {
      return '';
    }
  };
  return { isRoot: process.getuid?.() === 0, platform: process.platform, osRelease: read() };
}
