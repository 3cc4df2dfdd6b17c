import {
  type EventTypeSchema,
  SchemaCompatibility,
  type SchemaIncompatibility,
} from '@nova/proto/gen/events/event_schemas_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import type { JsonObject } from '@nova/proto/runtime';
import type { Client } from '@nova/rpc';
import { allPages } from '../all-pages.ts';
import { withEventsClient } from '../calls.ts';
import { readPayload } from '../publishing/payload-source.ts';
import type { Invocation } from '../verb.ts';

/** What the runs of `schema …` need of their call. */
export type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset'>;

/** The rules, as they are typed and shown; KEEP = the one that holds. */
export const RULES = {
  KEEP: SchemaCompatibility.UNSPECIFIED,
  BACKWARD: SchemaCompatibility.BACKWARD,
  FORWARD: SchemaCompatibility.FORWARD,
  FULL: SchemaCompatibility.FULL,
  BACKWARD_ALL: SchemaCompatibility.BACKWARD_ALL,
  FORWARD_ALL: SchemaCompatibility.FORWARD_ALL,
  FULL_ALL: SchemaCompatibility.FULL_ALL,
  NONE: SchemaCompatibility.NONE,
} as const;

/** A rule as it is typed. */
export type RuleName = keyof typeof RULES;

/** How a rule is shown. */
export function ruleName(rule: SchemaCompatibility): string {
  return Object.entries(RULES).find(([, value]) => value === rule)?.[0] ?? '';
}

/** Gives `work` a client of events-service. Fails with RpcError. */
export function withSchemas<T>(
  call: Call,
  work: (client: Client<typeof EventsService>) => Promise<T>,
): Promise<T> {
  return withEventsClient(EventsService, call, work);
}

/** The schema in a file, or `-` for standard input. @throws CLI_WRONG_USE */
export function readSchema(path: string): Promise<JsonObject> {
  return readPayload(path === '-' ? '-' : `@${path}`, process.stdin, 'the schema');
}

/** All types, by name. Fails with RpcError. */
export async function allSchemas(
  client: Client<typeof EventsService>,
  filter: { readonly owner: string; readonly includeBuiltIn: boolean },
): Promise<readonly EventTypeSchema[]> {
  return allPages(
    (pageToken) => client.listEventSchemas({ ...filter, pageSize: 500, pageToken }),
    ({ schemas }) => schemas,
  );
}

/** A line about a reason. */
export function incompatibilityLine(one: SchemaIncompatibility): string {
  const who =
    one.direction === 'backward'
      ? `events of version ${one.version} by readers of the new one`
      : `new events by readers of version ${one.version}`;
  return `${one.path}: ${one.message}${one.unjudged ? '; cannot be judged' : ''} (${who})`;
}
