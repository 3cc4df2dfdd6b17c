import type { Database } from '@nova/postgres';
import type { PrivateServer } from '@nova/testkit';
import type { Clocks } from './clocks.ts';
import type { Disk } from './disk.ts';
import { Link } from './link.ts';
import type { ServiceProcess } from './service-process.ts';

/** What a rig is to have. */
export interface RigOptions {
  /** How relays and consumers speak to Kafka. */
  readonly driver: 'kafkajs' | 'platformatic';
  /** Also a Redis with the fast marks of consumers, disks that can be filled, and clocks that can be set. */
  readonly hasMore: boolean;
  /** Also a link from events-service to Kafka, and event types that are registered there. */
  readonly registers: boolean;
}

/** What it is started with. */
export interface Starting extends RigOptions {
  readonly compiled: string;
}

/** What a rig is made of while it is put together. */
export interface Parts extends Starting {
  readonly folder: string;
  readonly endings: Ending[];
  readonly links: Map<string, Link>;
  readonly processes: Map<string, ServiceProcess>;
  /** URLs of databases as nobody disturbs them. */
  readonly urls: Map<string, string>;
  readonly databases: Map<string, Database>;
  readonly servers: Map<string, PrivateServer>;
  readonly disks: Map<string, Disk>;
  readonly clocks: Clocks | undefined;
}

/** A resource that is let go of at the end. */
export type Ending = () => Promise<unknown> | undefined;

/** Consumers, each with a database of its own. */
export const CONSUMERS = ['messaging', 'notification', 'search', 'activity'] as const;
export const RELAYS = ['relay-1', 'relay-2'] as const;

/** Who speaks to Kafka, by a link of its own each. */
export function kafkaClientsOf({ registers }: RigOptions): readonly string[] {
  return [...RELAYS, ...CONSUMERS, ...(registers ? ['events'] : [])];
}

/** A link, and its port: where the client finds what is at `port`. */
export async function addLink(
  { links, endings }: Parts,
  name: string,
  port: number,
): Promise<number> {
  const made = await Link.open();
  made.leadTo(port);
  links.set(name, made);
  endings.push(async () => made.close());
  return made.port;
}
