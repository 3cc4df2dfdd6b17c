import { ensureJava, type JavaTools } from '../java/install-java.ts';
import { cacheDirectory } from '../settings.ts';
import { DEBEZIUM, ensureJars, hasJars } from './jars.ts';

/**
 * Java, and the jars of Kafka Connect with Debezium's connector for PostgreSQL, for what is tested on
 * request.
 *
 * @throws what `ensureJava` and `ensureJars` throw
 */
export async function ensureDebezium(): Promise<
  Pick<JavaTools, 'java'> & { readonly jarsDir: string }
> {
  const cacheDir = cacheDirectory();
  const { java, maven } = await ensureJava({ needsMaven: !hasJars(DEBEZIUM, cacheDir) });
  return { java, jarsDir: await ensureJars(DEBEZIUM, cacheDir, { maven }) };
}
