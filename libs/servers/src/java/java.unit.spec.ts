import { describe, expect, it } from '@jest/globals';
import { majorOf } from './find-java.ts';
import { canInstall, installLine, type Machine } from './install-java.ts';

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
