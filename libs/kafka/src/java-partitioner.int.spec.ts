import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { LANES, laneOf, partitionOf } from '@nova/events';
import { cacheDirectory, ensureJava, ensureKafkaJars, hasKafkaJars } from '@nova/servers';

const PROGRAM = fileURLToPath(new URL('../fixtures/Partitions.java', import.meta.url));

async function askJava(lines: readonly string[]): Promise<number[]> {
  const cacheDir = cacheDirectory();
  const { java, maven } = await ensureJava({ needsMaven: !hasKafkaJars(cacheDir) });
  const jars = await ensureKafkaJars(cacheDir, { maven });
  const child = spawn(java, ['-cp', join(jars, '*'), PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(`${lines.join('\n')}\n`);
  return (await text(child.stdout)).trim().split('\n').map(Number);
}

function randomKey(index: number): string {
  if (index % 3 === 0) return randomUUID();
  // Any length, any script; a line feed would end the line that Java reads.
  const bytes = randomBytes(index % 40);
  const ascii = bytes.toString('base64');
  return index % 3 === 1 ? ascii : `ключ 鍵 🔑 ${ascii}`;
}

describe('partitionOf', () => {
  it("chooses the partition of Kafka's own Java client for 1,000 random keys", async () => {
    const cases = Array.from({ length: 1000 }, (_, index) => ({
      key: randomKey(index),
      partitions: [1, 2, 3, 8, 16, 64][index % 6] ?? 8,
    }));
    const expected = await askJava(cases.map(({ key, partitions }) => `${partitions} ${key}`));
    expect(expected).toHaveLength(1000);
    expect(cases.map(({ key, partitions }) => partitionOf(key, partitions))).toEqual(expected);
    expect(new Set(expected.slice(0, 600)).size).toBeGreaterThan(20);
  }, 60_000);

  it('puts all keys of a lane into one partition of every topic', () => {
    for (let index = 0; index < 1000; index += 1) {
      const key = randomKey(index);
      for (const partitions of [1, 2, 8, 32, LANES]) {
        expect(partitionOf(key, partitions)).toBe(laneOf(key) % partitions);
      }
    }
  });
});
