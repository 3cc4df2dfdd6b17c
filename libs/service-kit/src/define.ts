import type { Rule, Settings, Values } from '@nova/config';
import type { Part, Probe, Readiness } from '@nova/lifecycle';
import type { IdentitySource, ServiceImplementation } from '@nova/rpc';
import type { Logger } from '@nova/telemetry';
import type { Clock } from '@nova/time';
import type { Consuming, Consumption } from './consuming/consuming-part.ts';
import type { OutboxUse, OwnOutbox } from './forwarding/own-outbox.ts';
import type { Addresses, DefaultPorts, KitSettings } from './settings.ts';

/** The values of a service's own settings and of the kit's. */
export type Config<S extends Settings> = Values<S> & Values<KitSettings>;

/** What the kit hands to a service that is being built. */
export interface ServiceContext<S extends Settings> {
  /** The service's own settings and those of the kit, checked and frozen. */
  readonly config: Config<S>;
  readonly addresses: Addresses;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly readiness: Readiness;
  /** For a part that cannot go on: logs, drains the others and ends the process with 1. */
  readonly crash: (thrown: unknown) => void;
}

/** A service as its parts. Nothing of it has done any I/O yet. */
export interface Built {
  /** Started in this order before the gRPC server, stopped in reverse after it. */
  readonly parts: readonly Part[];
  /** Served over gRPC; only with a gRPC port. */
  readonly services?: readonly ServiceImplementation[];
  /** Who tells who is calling; production does not start without one. */
  readonly identity?: IdentitySource;
  readonly probes: readonly Probe[];
  /** What `/health/cqrs` tells, by name: JSON values, asked at each request with a deadline. */
  readonly insights?: Readonly<Record<string, () => Promise<unknown>>>;
}

/** Something else the program can do instead of serving: `main.ts --<name>`. */
export interface Command<S extends Settings> {
  readonly doc: string;
  run(context: ServiceContext<S>): Promise<void>;
}

/** A nova process: what it is called, what can be set, and what it consists of. */
export interface ServiceDefinition<S extends Settings> {
  /** In logs, metrics and `ce_source`: `events-service`. */
  readonly name: string;
  readonly ports: DefaultPorts;
  readonly settings: S;
  readonly rules?: readonly Rule<S & KitSettings>[];
  readonly commands?: Readonly<Record<string, Command<S>>>;
  /**
   * What the service consumes. The kit makes the consumer with its database, Kafka and the log, its
   * probes, insights and metrics, and starts it before the parts of `build`.
   */
  consumer?(context: ServiceContext<S>): Consumption;
  /**
   * The outbox in the service's own database (library mode). The kit makes the database, the tables
   * and the forwarder, and starts them before the parts of `build`.
   */
  outbox?(context: ServiceContext<S>): OutboxUse;
  /** What the service has besides; may be left out by one that only consumes. */
  build?(
    context: ServiceContext<S>,
    consuming: Consuming | undefined,
    outbox: OwnOutbox | undefined,
  ): Built;
}

/** Gives a definition its type; the main file passes it to `runService`. */
export function defineService<const S extends Settings>(
  definition: ServiceDefinition<S>,
): ServiceDefinition<S> {
  return definition;
}
