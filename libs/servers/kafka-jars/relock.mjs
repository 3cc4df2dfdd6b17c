// Writes jars.lock anew from what Maven resolves for pom.xml: for whoever changes a version. Takes the
// name of another folder beside this one, debezium-jars.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = process.argv[2] ?? 'kafka-jars';
const here = join(import.meta.dirname, '..', folder);
const out = mkdtempSync(join(tmpdir(), 'nova-relock-'));
const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const args = ['-B', '-ntp', '-q', '-f', join(here, 'pom.xml'), plugin];
const settings = ['-DincludeScope=runtime', `-DoutputDirectory=${out}`];
const { status } = spawnSync('mvn', [...args, ...settings], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
const lines = readdirSync(out)
  .sort()
  .map((name) => {
    const bytes = readFileSync(join(out, name));
    return `${createHash('sha256').update(bytes).digest('hex')} ${bytes.length} ${name}`;
  });
const head =
  '# SHA-256, size and name of every jar that Maven resolves for pom.xml; made by relock.mjs.';
writeFileSync(join(here, 'jars.lock'), `${[head, ...lines].join('\n')}\n`);
rmSync(out, { recursive: true });
