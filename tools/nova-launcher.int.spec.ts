import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../libs/testkit/src/wait-for.ts';

const folders: string[] = [];

/** A checkout, a cache and a PATH in which npm is a script that writes down what it is asked for. */
class Sandbox {
  readonly base = mkdtempSync(join(tmpdir(), 'nova launcher '));
  readonly checkout = join(this.base, 'check out');
  readonly cache = join(this.base, 'cache');
  readonly bin = join(this.base, 'bin');
  readonly calls = join(this.base, 'calls');

  constructor() {
    folders.push(this.base);
    for (const folder of ['cli/src', 'libs/one', 'patches']) {
      mkdirSync(join(this.checkout, folder), { recursive: true });
    }
    mkdirSync(this.bin);
    cpSync(join(import.meta.dirname, '../nova'), join(this.checkout, 'nova'));
    for (const file of ['package.json', 'pnpm-lock.yaml', 'libs/one/package.json']) {
      writeFileSync(join(this.checkout, file), '{}');
    }
    writeFileSync(
      join(this.checkout, 'cli/src/main.ts'),
      'const given: string[] = process.argv.slice(2);\n' +
        'process.stdout.write(JSON.stringify([process.cwd(), ...given]));\n',
    );
    for (const tool of 'bash sh env uname dirname readlink cat cksum tr mkdir rm mv sed head tail sleep chmod'.split(
      ' ',
    )) {
      const path = ['/bin', '/usr/bin'].map((dir) => join(dir, tool)).find(existsSync);
      if (path !== undefined) symlinkSync(path, join(this.bin, tool));
    }
    this.program('node', '[ "$1" = --version ] && echo v20.1.0');
    this.program('npm', FAKE_NPM.replace('REAL_NODE', process.execPath));
  }

  program(name: string, text: string): void {
    writeFileSync(join(this.bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(this.bin, name), 0o755);
  }

  called(): string[] {
    return existsSync(this.calls) ? readFileSync(this.calls, 'utf8').trim().split('\n') : [];
  }

  start(args: readonly string[] = [], more: { cwd?: string; env?: Record<string, string> } = {}) {
    const { cwd = '/', env = {} } = more;
    const path = env['LAUNCHER'] ?? join(this.checkout, 'nova');
    const child = spawn(path, [...args], {
      cwd,
      env: {
        PATH: this.bin,
        NOVA_CACHE_DIR: this.cache,
        CALLS: this.calls,
        HOME: this.base,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const text = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
    const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
      child.once('close', (code) => resolve({ code, ...text })),
    );
    return { ended, kill: () => child.kill('SIGKILL'), pid: child.pid ?? 0 };
  }

  run(...given: Parameters<Sandbox['start']>) {
    return this.start(...given).ended;
  }
}

// What `npm ci` does for the launcher: put the one package of package.json into node_modules.
const FAKE_NPM = `
prefix=$3
package=$(sed 's/.*{"\\([^"]*\\)".*/\\1/' "$prefix/package.json")
echo "npm $package" >> "$CALLS"
[ -z "$NPM_FAILS" ] || { echo 'no network here' >&2; exit 1; }
[ -z "$NPM_HANGS" ] || { exec sleep "$NPM_HANGS"; }
mkdir -p "$prefix/node_modules/$package/bin"
if [ "$package" = pnpm ]; then
  cat > "$prefix/node_modules/pnpm/bin/pnpm.mjs" <<'END'
import { appendFileSync } from 'node:fs';
appendFileSync(process.env.CALLS, 'pnpm ' + process.argv.slice(2).join(' ') + '\\n');
END
else
  printf '#!/bin/sh\\nexec REAL_NODE "$@"\\n' > "$prefix/node_modules/$package/bin/node"
  chmod 755 "$prefix/node_modules/$package/bin/node"
fi
`;

describe('nova, the launcher', () => {
  let box: Sandbox;

  beforeEach(() => {
    box = new Sandbox();
  });

  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  it('brings Node, pnpm and packages, and passes folder and arguments on', async () => {
    const { code, stdout, stderr } = await box.run(['import', 'a b', '--x'], { cwd: box.base });
    expect(stderr).toContain('nova: installing packages: done');
    expect(JSON.parse(stdout)).toEqual([box.base, 'import', 'a b', '--x']);
    expect(code).toBe(0);
    expect(box.called()).toEqual([
      expect.stringMatching(/^npm node-/),
      'npm pnpm',
      expect.stringContaining(`install --dir ${box.checkout} --frozen-lockfile`),
    ]);
  });

  it('needs nothing at the second start', async () => {
    await box.run();
    const before = box.called();
    rmSync(join(box.bin, 'npm'));
    const { code, stderr } = await box.run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(box.called()).toEqual(before);
  });

  it('works through a symbolic link to a symbolic link', async () => {
    symlinkSync('check out/nova', join(box.base, 'one'));
    symlinkSync(join(box.base, 'one'), join(box.bin, 'two'));
    const { code } = await box.run([], { env: { LAUNCHER: join(box.bin, 'two') } });
    expect(code).toBe(0);
  });

  it.each(['pnpm-lock.yaml', 'libs/one/package.json', 'patches/new.patch'])(
    'installs packages again after %s has changed, and nothing else',
    async (file) => {
      await box.run();
      const before = box.called().length;
      writeFileSync(join(box.checkout, file), '{"changed":true}');
      await box.run();
      await box.run();
      expect(box.called().slice(before)).toEqual([expect.stringMatching(/^pnpm install/)]);
    },
  );

  it('fetches once when two start at the same time', async () => {
    const ends = await Promise.all([box.run(['1']), box.run(['2'])]);
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    expect(box.called()).toHaveLength(3);
  });

  it('recovers from kill -9 in the middle of fetching', async () => {
    const first = box.start([], { env: { NPM_HANGS: '30' } });
    await waitFor(() => box.called().length === 1, { withinMs: 10_000, what: 'npm' });
    first.kill();
    await first.ended.catch(() => {});
    const { code, stderr } = await box.run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('waiting') });
    expect(readdirSync(box.cache).filter((name) => name.includes('.new.'))).toEqual([]);
  });

  it('shows the words of npm when fetching fails, and tries again at the next start', async () => {
    const { code, stderr } = await box.run([], { env: { NPM_FAILS: '1' } });
    expect(code).toBe(1);
    expect(stderr).toContain('no network here');
    expect(stderr).toMatch(/Node 24\S* could not be fetched .*\n +This needs the npm registry/);
    expect((await box.run()).code).toBe(0);
  });

  it('uses an installed Node 24 or later as it is', async () => {
    box.program('node', `exec ${process.execPath} "$@"`);
    expect((await box.run()).code).toBe(0);
    expect(box.called()[0]).toBe('npm pnpm');
  });

  it('says so when npm is missing', async () => {
    rmSync(join(box.bin, 'npm'));
    const { code, stderr } = await box.run();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^nova: npm is missing; .*\n +Install Node 20 or later with npm/);
  });

  it('says so when the installed Node is too old to fetch another', async () => {
    box.program('node', 'echo v18.19.0');
    const { code, stderr } = await box.run();
    expect(code).toBe(1);
    expect(stderr).toContain('nova: the installed Node 18 is too old');
  });

  it('says so when the cache cannot be written', async () => {
    writeFileSync(join(box.base, 'file'), '');
    const { code, stderr } = await box.run([], {
      env: { NOVA_CACHE_DIR: join(box.base, 'file', 'cache') },
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/the cache folder .* cannot be written.\n +Set NOVA_CACHE_DIR/);
  });
});
