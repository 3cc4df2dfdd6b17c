import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePorts } from '../ports.ts';
import { startServer } from '../start-server.ts';
import { type ClassArchiveOptions, classArchivePath } from './class-archive-path.ts';
import { kafkaServer } from './kafka-server.ts';

/** Time for one start and stop of a broker that has nothing to do. */
const WITHIN_MS = 120_000;

/**
 * Makes the archive where it is missing: starts a broker, stops it, and keeps what Java writes at
 * its end. Java crashes on an archive that was cut off, so it is moved into place only after a
 * clean end. Costs as much as one start: for those who start many brokers.
 */
export async function archiveKafkaClasses(options: ClassArchiveOptions): Promise<void> {
  const path = classArchivePath(options);
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  const work = mkdtempSync(`${path}-new-`);
  const written = join(work, 'classes.jsa');
  const [port = 0, controllerPort = 0] = await freePorts(2);
  try {
    const running = await startServer(
      kafkaServer({
        ...options,
        dataDir: join(work, 'data'),
        port,
        controllerPort,
        archiveClassesAt: written,
      }),
      {
        logFile: join(work, 'log'),
        readyWithinMs: WITHIN_MS,
        guard: { signal: 'SIGKILL', graceSeconds: 0, removeFolder: work },
      },
    );
    const end = await running.stop(WITHIN_MS);
    if (end.signal === null && existsSync(written)) renameSync(written, path);
  } finally {
    rmSync(work, { recursive: true, force: true, maxRetries: 3 });
  }
}
