import type { Driver } from './driver.ts';
import type { DriverName } from './options.ts';

/** Loads a client library with its first use: a process pays for the one it was told to use. */
export async function loadDriver(name: DriverName): Promise<Driver> {
  switch (name) {
    case 'kafkajs':
      return (await import('./kafkajs/index.ts')).kafkajsDriver;
    case 'platformatic':
      return (await import('./platformatic/index.ts')).platformaticDriver;
  }
}
