import { wrongUse } from './verb.ts';

/**
 * An aggregate as a person names it, `aggregate_type/aggregate_id`; both empty where none is named.
 *
 * @throws CLI_WRONG_USE
 */
export function aggregateArgument(given: string | undefined): {
  readonly aggregateType: string;
  readonly aggregateId: string;
} {
  if (given === undefined) return { aggregateType: '', aggregateId: '' };
  const slash = given.indexOf('/');
  if (slash < 1) throw wrongUse(`an aggregate is named aggregate_type/aggregate_id: ${given}`);
  return { aggregateType: given.slice(0, slash), aggregateId: given.slice(slash + 1) };
}
