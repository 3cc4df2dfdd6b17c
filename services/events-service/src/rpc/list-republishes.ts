import { isCanonicalUuid } from '@nova/events';
import { listRepublishes as list } from '@nova/outbox';
import type {
  ListRepublishesRequest,
  ListRepublishesResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { invalid } from '../domain/refusal.ts';
import { republishMessage } from '../domain/republish-message.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof ListRepublishesResponseSchema>;

/** Answers with what was asked for and how far it is. */
export function listRepublishes({ database }: Dependencies) {
  return async ({ id }: ListRepublishesRequest): Promise<Response> => {
    checkId(id);
    const found = await list(database, id === '' ? undefined : id);
    return { republishes: found.map(republishMessage) };
  };
}

function checkId(id: string): void {
  if (id === '' || isCanonicalUuid(id)) return;
  const violations = new Violations();
  violations.add('id', 'must be a UUID in lower case with hyphens');
  throw invalid(violations);
}
