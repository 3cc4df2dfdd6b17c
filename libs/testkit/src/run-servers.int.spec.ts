import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { offerServers } from './run-servers.ts';
import { waitFor } from './wait-for.ts';

/** Command lines of all processes that name a folder. */
function processesNaming(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((command) => command.includes(folder));
}

/** The folder below the temporary one in which a server has its data. */
function folderOf(pid: number): string {
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  return /[^\0]*nova-test-postgres-\w+/.exec(command)?.[0] ?? '';
}

describe('offerServers', () => {
  const parents: ChildProcess[] = [];

  afterEach(() => {
    for (const parent of parents.splice(0)) parent.kill('SIGKILL');
  });

  it('leaves neither processes nor data when its process is killed with -9', async () => {
    const module = JSON.stringify(join(import.meta.dirname, 'run-servers.ts'));
    const program = `
      const { offerServers } = await import(${module});
      const { address } = await offerServers();
      const { portHolder } = await import('@nova/servers');
      const { url } = await (await fetch(address + '/postgres')).json();
      process.stdout.write(portHolder(Number(new URL(url).port)).pid + '\\n');
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    parents.push(parent);
    let text = '';
    parent.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await waitFor(() => text.endsWith('\n'), { withinMs: 30_000, what: 'a server' });
    const folder = folderOf(Number(text));
    expect(folder.startsWith(tmpdir())).toBe(true);
    expect(processesNaming(folder)).not.toEqual([]);
    parent.kill('SIGKILL');
    await waitFor(() => processesNaming(folder).length === 0 && !existsSync(folder), {
      withinMs: 10_000,
      what: 'nothing left',
    });
  });

  it('starts a server once, however many ask, and ends it with the run', async () => {
    const servers = await offerServers();
    const ask = async () => (await fetch(`${servers.address}/postgres`)).text();
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(new Set(answers).size).toBe(1);
    await servers.stop();
    await expect(ask()).rejects.toThrow();
  });

  it('tells a spec why a server could not be started', async () => {
    const servers = await offerServers();
    const response = await fetch(`${servers.address}/oracle`);
    expect([response.status, await response.text()]).toEqual([500, 'there is no /oracle']);
    expect(response.headers.get('connection')).toBe('close');
    await servers.stop();
  });
});
