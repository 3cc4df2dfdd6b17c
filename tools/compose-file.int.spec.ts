import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root } from './source-files.ts';

const hasGo = spawnSync('go', ['version']).status === 0;
// The parser is Docker Compose's own, which is written in Go; without Go the file is not checked.
const itWithGo = hasGo ? it : it.skip;

/** Services and their ports as the parser understands them; throws what it says of a bad file. */
function parse(file: string): string {
  const cwd = join(import.meta.dirname, 'compose-check');
  return execFileSync('go', ['run', '.', file], { cwd, encoding: 'utf8', stdio: 'pipe' });
}

describe('docker-compose.kafka.yml', () => {
  const file = join(root, 'docker-compose.kafka.yml');

  itWithGo(
    'is valid and gives the endpoints of ./nova up',
    () => {
      expect(parse(file)).toBe(
        'kafka 127.0.0.1:9092->9092\npostgres 127.0.0.1:54320->5432\nredis 127.0.0.1:6390->6379\n',
      );
    },
    120_000,
  );

  itWithGo(
    'would be refused with a wrong key or an undefined dependency',
    () => {
      const text = readFileSync(file, 'utf8');
      const broken = (from: string, to: string) => {
        const copy = join(mkdtempSync(join(tmpdir(), 'nova-compose-')), 'compose.yml');
        writeFileSync(copy, text.replace(from, to));
        return () => parse(copy);
      };
      expect(broken('healthcheck:', 'healthcheque:')).toThrow('healthcheque');
      expect(broken('      kafka:\n        condition', '      kafak:\n        condition')).toThrow(
        'kafak',
      );
    },
    120_000,
  );
});
