import { randomUUID } from 'node:crypto';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { MessagingService } from '@nova/proto/gen/messaging/messaging_service_pb';
import type { JsonObject } from '@nova/proto/runtime';
import { type Client, createClient, RpcError } from '@nova/rpc';
import { patientClient } from '@nova/rpc/testing';
import { type TestDatabase, testStack } from '@nova/testkit';

/** A user with a client of their own. */
export interface User {
  readonly id: string;
  readonly rpc: Client<typeof MessagingService>;
}

/** messaging-service and the log as processes, and how specs talk to them. */
export interface Rig {
  /** Databases of the log and of the service. */
  readonly log: TestDatabase;
  readonly store: TestDatabase;
  readonly events: Client<typeof EventsService>;
  /** Base of the service's ops HTTP. */
  readonly opsUrl: string;
  user(id?: string, metadata?: Readonly<Record<string, string>>): User;
  /** Publishes events by hand, all in one; the token shows them. */
  publish(given: readonly HandMade[]): Promise<string>;
  stop(): Promise<void>;
}

/** An event made by hand: type, aggregate, payload. */
export type HandMade = readonly [eventType: string, aggregateId: string, payload: JsonObject];

/** Starts everything. */
export async function startRig(): Promise<Rig> {
  const stack = await testStack();
  const service = await stack.service('messaging');
  const messaging = await service.start();
  const clients: { close(): void }[] = [];
  const keep = <C extends { close(): void }>(client: C): C => {
    clients.push(client);
    return client;
  };
  const events = keep(
    createClient(EventsService, { address: stack.log.address, deadlineMs: 10_000 }),
  );
  return {
    log: stack.database,
    store: service.database,
    events,
    opsUrl: messaging.opsUrl,
    user(id = randomUUID(), metadata = {}) {
      const { address } = messaging;
      const headers = { 'x-user-id': id, ...metadata };
      const options = { address, deadlineMs: 15_000, metadata: headers };
      return { id, rpc: patientClient(keep(createClient(MessagingService, options))) };
    },
    async publish(given) {
      const answer = await events.publishEvents({
        events: given.map(([eventType, aggregateId, payload]) => ({
          eventType,
          aggregateId,
          payload,
        })),
      });
      return answer.consistencyToken;
    },
    async stop() {
      for (const client of clients) client.close();
      await stack.remove();
    },
  };
}

/** The failure of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof RpcError) return thrown;
  throw new Error(`the call did not fail with an RpcError: ${String(thrown)}`);
}

/** Why a call that must fail did. */
export async function reasonOf(call: Promise<unknown>): Promise<string | undefined> {
  return (await failureOf(call)).reason;
}

/** A group, its owner first. */
export async function group(...members: User[]): Promise<string> {
  const [owner, ...others] = members;
  const answer = await owner?.rpc.createConversation({
    kind: 'group',
    name: 'here',
    memberIds: others.map(({ id }) => id),
  });
  return answer?.conversationId ?? '';
}

/** A message of this text. */
export const text = (conversationId: string, content: string) => ({ conversationId, content });
