import { processEnvironment } from '@nova/config';

/**
 * A variable of the file that `up` leaves for shells.
 *
 * @throws TypeError when it is not set.
 */
export function environment(name: string): string {
  const value = processEnvironment[name];
  if (value === undefined) throw new TypeError(`${name} is not set; source .nova/env first`);
  return value;
}
