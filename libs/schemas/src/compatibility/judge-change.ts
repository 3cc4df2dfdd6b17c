import type { JsonMap } from '../json.ts';
import type { Finding } from './finding.ts';
import { understood } from './understood.ts';

/** What a new version of a schema must be compatible with. */
export const COMPATIBILITIES = [
  'BACKWARD',
  'FORWARD',
  'FULL',
  'BACKWARD_ALL',
  'FORWARD_ALL',
  'FULL_ALL',
  'NONE',
] as const;

/** `BACKWARD`: readers of the new version understand old events; `FORWARD`: the other way round. */
export type Compatibility = (typeof COMPATIBILITIES)[number];

/** A version of a schema. */
export interface SchemaVersion {
  readonly version: number;
  readonly schema: JsonMap;
}

/** Something that the rule of an event type forbids. */
export interface Incompatibility extends Finding {
  /** `backward`: new readers and old events; `forward`: old readers and new events. */
  readonly direction: 'backward' | 'forward';
  /** The earlier version. */
  readonly version: number;
}

/**
 * What a rule has against a new version. The rules without `_ALL` ask about the last version only.
 *
 * @param earlier in ascending order
 */
export function judgeChange(
  rule: Compatibility,
  earlier: readonly SchemaVersion[],
  next: JsonMap,
): readonly Incompatibility[] {
  if (rule === 'NONE') return [];
  const against = rule.endsWith('_ALL') ? earlier.toReversed() : earlier.slice(-1);
  return against.flatMap(({ version, schema }) => [
    ...(rule.startsWith('FORWARD') ? [] : judge('backward', version, understood(schema, next))),
    ...(rule.startsWith('BACKWARD') ? [] : judge('forward', version, understood(next, schema))),
  ]);
}

function judge(
  direction: Incompatibility['direction'],
  version: number,
  findings: readonly Finding[],
): readonly Incompatibility[] {
  return findings.map((finding) => ({ ...finding, direction, version }));
}
