import { formatTime, parseTime } from '@nova/events';
import { wrongUse } from '../verb.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const MOMENT = 'how long ago (30s, 10m, 2h, 3d), or RFC 3339 (2026-11-21T22:00:00Z)';

/**
 * A moment as an operator writes it.
 *
 * @throws CLI_WRONG_USE
 */
export function parseMoment(flag: string, text: string, now: Date) {
  const { count, unit } = /^(?<count>\d{1,6})(?<unit>[smhd])$/.exec(text)?.groups ?? {};
  const ms = unit === undefined ? undefined : UNITS_MS[unit];
  const written =
    ms === undefined ? text : new Date(now.getTime() - Number(count) * ms).toISOString();
  const time = parseTime(written);
  if (time === undefined || formatTime(time) === undefined) {
    throw wrongUse(`${flag} must be ${MOMENT}: ${text}`);
  }
  return time;
}
