import { durationText } from '../duration.ts';
import type { Tally } from './tally.ts';

/** Before this much time has passed, a rate says little. */
const SETTLE_MS = 1500;

/** `61 %  142,331 events  5,210/s  about 18 s left` */
export function progressLine(
  tally: Pick<Tally, 'bytesDone' | 'events' | 'filesDone'>,
  total: { readonly bytes: number; readonly files: number },
  elapsedMs: number,
): string {
  const share = total.bytes === 0 ? 1 : Math.min(1, tally.bytesDone / total.bytes);
  const parts = [
    `${Math.floor(share * 100)} %`,
    `${tally.filesDone} of ${total.files} files`,
    `${countText(tally.events)} events`,
  ];
  if (elapsedMs >= SETTLE_MS && tally.events > 0) {
    parts.push(`${countText(Math.round((tally.events * 1000) / elapsedMs))}/s`);
    if (share > 0 && share < 1) {
      parts.push(`about ${durationText((elapsedMs * (1 - share)) / share)} left`);
    }
  }
  return parts.join('  ');
}

/** A count with commas: `220,463`. */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}
