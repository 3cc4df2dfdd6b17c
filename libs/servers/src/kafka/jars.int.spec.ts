import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@nova/time';
import { ensureJava } from '../java/install-java.ts';
import { cacheDirectory } from '../settings.ts';
import { ensureKafkaJars, hasKafkaJars, kafkaJarsDir } from './jars.ts';

describe('ensureKafkaJars', () => {
  let base: string;
  let cache: string;

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'nova-jars-'));
    cache = join(base, 'cache');
  });

  afterEach(() => rmSync(base, { recursive: true }));

  /** A Maven that does what `script` says with $out, the folder it is to fill. */
  function maven(script: string): string {
    const path = join(base, 'mvn');
    const out =
      'for word; do case $word in -DoutputDirectory=*) out=$(echo "$word" | cut -d= -f2-);; esac; done';
    writeFileSync(path, `#!/bin/sh\n${out}\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  it('takes the jars of the list into the cache, once, also when two ask', async () => {
    const tools = await ensureJava({ needsMaven: !hasKafkaJars(cacheDirectory()) });
    const real = await ensureKafkaJars(cacheDirectory(), { maven: tools.maven });
    const given = { maven: maven(`echo run >> ${base}/runs; cp '${real}'/*.jar "$out"`) };
    const folders = await Promise.all([
      ensureKafkaJars(cache, given),
      ensureKafkaJars(cache, given),
    ]);
    expect(folders).toEqual([kafkaJarsDir(cache), kafkaJarsDir(cache)]);
    expect(hasKafkaJars(cache)).toBe(true);
    expect(await ensureKafkaJars(cache, { maven: undefined })).toBe(kafkaJarsDir(cache));
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('refuses jars that are not the locked ones, and keeps none of them', async () => {
    const given = { maven: maven('echo other > "$out/kafka-clients-4.3.1.jar"') };
    await expect(ensureKafkaJars(cache, given)).rejects.toMatchObject({
      code: 'NOVA_SERVERS_JARS_DIFFER',
    });
    expect(readdirSync(cache)).toEqual([]);
  });

  it('shows why Maven failed', async () => {
    const given = { maven: maven('echo "[ERROR] Unknown host repo"; exit 1') };
    await expect(ensureKafkaJars(cache, given)).rejects.toMatchObject({
      code: 'NOVA_SERVERS_JARS_UNAVAILABLE',
      message: expect.stringContaining('Unknown host repo'),
    });
  });

  it('says so when the cache cannot be written', async () => {
    writeFileSync(join(base, 'file'), '');
    const asked = ensureKafkaJars(join(base, 'file/cache'), { maven: maven('') });
    await expect(asked).rejects.toMatchObject({ code: 'NOVA_SERVERS_CACHE_READ_ONLY' });
  });

  it('removes what a fetch left that was killed long ago, and not one under way', async () => {
    mkdirSync(join(cache, 'kafka-new-old'), { recursive: true });
    mkdirSync(join(cache, 'kafka-new-young'));
    const yesterday = new Date(systemClock.now().getTime() - 86_400_000);
    utimesSync(join(cache, 'kafka-new-old'), yesterday, yesterday);
    await ensureKafkaJars(cache, { maven: maven('exit 1') }).catch(() => {});
    expect(readdirSync(cache)).toEqual(['kafka-new-young']);
  });
});
