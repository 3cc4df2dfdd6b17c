import type { ConditionSchema } from '@nova/proto/gen/events/event_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { wrongUse } from '../verb.ts';

type Must = MessageInitShape<typeof ConditionSchema>['must'];

/** How `--condition` is written, for help and errors. */
export const CONDITION_FORMS = 'not_exist, exist, version=N, none_since=N:type[,type…]';

/** A condition on the event's aggregate as it is typed. @throws CLI_WRONG_USE */
export function parseCondition(text: string): { must: NonNullable<Must> } {
  if (text === 'not_exist') return { must: { case: 'notExist', value: true } };
  if (text === 'exist') return { must: { case: 'exist', value: true } };
  const version = /^version=(\d{1,18})$/.exec(text)?.[1];
  if (version !== undefined) return { must: { case: 'version', value: BigInt(version) } };
  const [, since, types] = /^none_since=(\d{1,18}):([^,]+(?:,[^,]+)*)$/.exec(text) ?? [];
  if (since !== undefined && types !== undefined) {
    const value = { version: BigInt(since), eventTypes: types.split(',') };
    return { must: { case: 'noneSince', value } };
  }
  throw wrongUse(`--condition must be one of ${CONDITION_FORMS}: ${text}`);
}
