/**
 * Generates the protobuf code beside the real one and compares: exits 1 and names the files when
 * proto/gen is not what proto/*.proto says.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const proto = fileURLToPath(new URL('../proto', import.meta.url));
const fresh = mkdtempSync(join(tmpdir(), 'nova-gen-'));
try {
  const buf = join(proto, 'node_modules/.bin/buf');
  execFileSync(buf, ['generate', '-o', fresh], { cwd: proto, stdio: 'inherit' });
  const before = filesIn(join(proto, 'gen'));
  const after = filesIn(join(fresh, 'gen'));
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const stale = names.filter((name) => before.get(name) !== after.get(name));
  if (stale.length > 0) {
    process.stdout.write(stale.map((name) => `proto/gen/${name} is not up to date\n`).join(''));
    process.stdout.write('run: cd proto && node_modules/.bin/buf generate\n');
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

function filesIn(directory: string): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  return new Map(
    files
      .filter((file) => file.isFile())
      .map((file) => {
        const path = join(file.parentPath, file.name);
        return [path.slice(directory.length + 1), readFileSync(path, 'utf8')];
      }),
  );
}
