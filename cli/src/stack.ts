import { join } from 'node:path';
import type { Environment } from '@nova/config';
import { cacheDirectory, openState, type StateFolder, stateDirectory } from '@nova/servers';
import type { StackAddresses } from './first-steps.ts';
import { repositoryRoot } from './repository.ts';

/** Which stack of this checkout is meant. */
export interface StackChoice {
  readonly portOffset: number;
  readonly environment: Environment;
}

/** Where a stack keeps what tells about it; known also when its state cannot be used. */
export interface StackFolders {
  readonly directory: string;
  readonly logDirectory: string;
  readonly runDirectory: string;
}

/** A stack: its state folder with ports and passwords, and the cache it takes programs from. */
export interface Stack extends StateFolder {
  readonly cacheDirectory: string;
}

/** The folders of a stack. Creates nothing. */
export function stackFolders({ portOffset, environment }: StackChoice): StackFolders {
  const directory = stateDirectory({ checkout: repositoryRoot, portOffset, environment });
  return {
    directory,
    logDirectory: join(directory, 'logs'),
    runDirectory: join(directory, 'run'),
  };
}

/**
 * Opens the state folder of a stack, making it where it is missing.
 *
 * @throws SERVERS_STATE_OTHER_VERSION
 */
export function openStack({ portOffset, environment }: StackChoice): Stack {
  return {
    ...openState({ checkout: repositoryRoot, portOffset, environment }),
    cacheDirectory: cacheDirectory(environment),
  };
}

/** What a user connects to. */
export function stackAddresses({ ports, portOffset }: Stack): StackAddresses {
  const at = (port: number) => `localhost:${port}`;
  return {
    events: at(ports.events),
    messaging: at(ports.messaging),
    notification: at(ports.notification),
    search: at(ports.search),
    kafka: at(ports.kafka),
    postgres: at(ports.postgres),
    redis: at(ports.redis),
    port_offset: portOffset,
  };
}
