import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { errors } from '../errors.ts';
import { majorOf } from './find-java.ts';
import { canInstall, ensureJava, installLine, type Machine } from './install-java.ts';

describe('majorOf', () => {
  it.each([
    ['1.8.0_392', 8],
    ['17.0.15', 17],
    ['21', 21],
    ['25-ea', 25],
  ])('reads %s as %d', (version, major) => {
    expect(majorOf(version)).toBe(major);
  });
});

describe('installLine', () => {
  const debian: Machine = { isRoot: true, platform: 'linux', osRelease: 'NAME="D"\nID=debian\n' };
  const ubuntu: Machine = { ...debian, osRelease: 'ID=ubuntu\nID_LIKE=debian\n' };

  it('names the packages of the system, with sudo for a normal user', () => {
    expect(installLine(debian)).toBe('apt-get install -y openjdk-17-jre-headless maven');
    expect(installLine({ ...ubuntu, isRoot: false })).toMatch(/^sudo apt-get install/);
    expect(
      installLine({ ...debian, osRelease: 'ID="rocky"\nID_LIKE="rhel centos fedora"' }),
    ).toMatch(/^dnf install/);
    expect(installLine({ isRoot: false, platform: 'darwin', osRelease: '' })).toMatch(/^brew/);
  });

  it('is run by nova itself only as root on Debian and Ubuntu', () => {
    expect([debian, ubuntu].map((machine) => canInstall(machine))).toEqual([true, true]);
    expect(canInstall({ ...ubuntu, isRoot: false })).toBe(false);
    expect(canInstall({ ...debian, osRelease: 'ID=fedora' })).toBe(false);
  });
});

describe('ensureJava', () => {
  const base = mkdtempSync(join(tmpdir(), 'nova-java-'));
  afterAll(() => rmSync(base, { recursive: true }));
  const program = (folder: string, name: string, text: string) => {
    mkdirSync(join(base, folder), { recursive: true });
    writeFileSync(join(base, folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  };
  const PATH = (folder: string) => ({ PATH: join(base, folder) });
  const user: Machine = { isRoot: false, platform: 'linux', osRelease: 'ID=debian' };

  it('names the line that installs a missing Java, and the way without it', async () => {
    const asked = ensureJava({ needsMaven: true, environment: PATH('empty'), machine: user });
    await expect(asked).rejects.toMatchObject({
      code: errors.SERVERS_JAVA_MISSING.code,
      message: expect.stringContaining('there is no java in PATH'),
      params: { remedy: 'Install it: sudo apt-get install -y openjdk-17-jre-headless maven.' },
      kind: { hint: expect.stringContaining('docker-compose.kafka.yml') },
    });
  });

  it('refuses an old Java and names it', async () => {
    program('old', 'java', 'echo \'openjdk version "11.0.2"\' >&2');
    const asked = ensureJava({ needsMaven: false, environment: PATH('old'), machine: user });
    await expect(asked).rejects.toThrow(/old\/java is Java 11\.0\.2/);
  });

  it('does not ask for Maven when the jars are cached', async () => {
    program('java', 'java', 'echo \'openjdk version "21.0.1"\' >&2');
    const given = { environment: PATH('java'), machine: user };
    expect(await ensureJava({ needsMaven: false, ...given })).toMatchObject({
      java: join(base, 'java/java'),
      javaVersion: '21.0.1',
      maven: undefined,
    });
    await expect(ensureJava({ needsMaven: true, ...given })).rejects.toMatchObject({
      code: errors.SERVERS_MAVEN_MISSING.code,
    });
  });

  it('installs both as root on Debian, and says what it runs', async () => {
    const java = join(base, 'root');
    const shell = '#!/bin/sh\\n';
    program(
      'root',
      'apt-get',
      `[ "$1" = install ] || exit 0
       printf '${shell}echo version \\\\"17.0.9\\\\" >&2\\n' > ${java}/java
       printf '${shell}echo Apache Maven 3.9.1\\n' > ${java}/mvn
       /bin/chmod 755 ${java}/java ${java}/mvn; echo done`,
    );
    const lines: string[] = [];
    const tools = await ensureJava({
      needsMaven: true,
      environment: PATH('root'),
      machine: { ...user, isRoot: true },
      onLine: (line) => lines.push(line),
    });
    expect(tools).toMatchObject({ javaVersion: '17.0.9', maven: join(java, 'mvn') });
    expect(lines[0]).toMatch(/^installing Java and Maven: apt-get install -y/);
  });

  it('shows the words of an installer that fails', async () => {
    program('fails', 'apt-get', 'echo no such package; exit 100');
    const asked = ensureJava({
      needsMaven: true,
      environment: PATH('fails'),
      machine: { ...user, isRoot: true },
    });
    await expect(asked).rejects.toThrow(/failed \(exit code 100\):\n +no such package/);
  });
});
