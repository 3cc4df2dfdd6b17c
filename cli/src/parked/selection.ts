import type {
  EffectSelectionSchema,
  ParkedSelectionSchema,
} from '@nova/proto/gen/ops/ops_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { OptionValues } from '../option.ts';
import { wrongUse } from '../verb.ts';
import { parseMoment } from './moment.ts';
import type { selectionOptions } from './selection-options.ts';

/** What an operator has typed to choose something that is parked. */
export type Wishes = OptionValues<typeof selectionOptions>;

/** What is meant, as it is asked for. */
export type Selection =
  | { readonly case: 'aggregates'; readonly value: MessageInitShape<typeof ParkedSelectionSchema> }
  | { readonly case: 'effects'; readonly value: MessageInitShape<typeof EffectSelectionSchema> };

/**
 * What the options choose.
 *
 * @throws CLI_WRONG_USE for options that do not go together
 */
export function selectionOf(wishes: Wishes, now: Date): Selection {
  const moment = (flag: string, text: string | undefined) =>
    text === undefined ? undefined : parseMoment(flag, text, now);
  const from = moment('--since', wishes.since);
  const to = moment('--before', wishes.before);
  return wishes.effects
    ? { case: 'effects', value: effectsOf(wishes, from, to) }
    : { case: 'aggregates', value: aggregatesOf(wishes, from, to) };
}

type Moment = ReturnType<typeof parseMoment> | undefined;

function effectsOf(wishes: Wishes, from: Moment, to: Moment) {
  const { type, eventType, fingerprint, retrying, effect = '', aggregate: target = '' } = wishes;
  if (retrying || [type, eventType, fingerprint].some((one) => one !== undefined)) {
    throw wrongUse(
      'with --effects choose by --effect, --aggregate (the target), --since, --before',
    );
  }
  return {
    effect,
    target,
    ...(from === undefined ? {} : { parkedSince: from }),
    ...(to === undefined ? {} : { parkedBefore: to }),
  };
}

function aggregatesOf(wishes: Wishes, from: Moment, to: Moment) {
  if (wishes.effect !== undefined) throw wrongUse('--effect goes with --effects');
  const { type = '', aggregate = '', eventType = '', fingerprint = '', retrying } = wishes;
  return {
    aggregateType: type,
    aggregateId: aggregate,
    eventType,
    fingerprint,
    includeRetrying: retrying,
    ...(from === undefined ? {} : { failedSince: from }),
    ...(to === undefined ? {} : { failedBefore: to }),
  };
}

/** Whether anything at all narrows it down. */
export function isNarrowed(wishes: Wishes): boolean {
  const { type, aggregate, eventType, fingerprint, effect, since, before } = wishes;
  return [type, aggregate, eventType, fingerprint, effect, since, before].some(
    (one) => one !== undefined,
  );
}
