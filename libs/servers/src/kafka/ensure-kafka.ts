import { ensureJava, type JavaTools } from '../java/install-java.ts';
import { cacheDirectory } from '../settings.ts';
import { archiveKafkaClasses } from './class-archive.ts';
import { ensureKafkaJars, hasKafkaJars } from './jars.ts';

/**
 * All that brokers run on: Java, the jars, and the archive of their classes, each set up where it is
 * missing. For those who start several brokers and tell nobody about it meanwhile.
 *
 * @throws what `ensureJava` and `ensureKafkaJars` throw
 */
export async function ensureKafka(): Promise<
  Pick<JavaTools, 'java'> & { readonly jarsDir: string }
> {
  const cacheDir = cacheDirectory();
  const { java, maven } = await ensureJava({ needsMaven: !hasKafkaJars(cacheDir) });
  const jarsDir = await ensureKafkaJars(cacheDir, { maven });
  await archiveKafkaClasses({ jarsDir, java });
  return { java, jarsDir };
}
