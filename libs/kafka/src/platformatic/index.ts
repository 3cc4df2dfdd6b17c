import type { Driver } from '../driver.ts';
import { PlatformaticAdmin } from './admin.ts';
import { PlatformaticMember } from './member.ts';
import { openProducer } from './producer.ts';

/** The driver over @platformatic/kafka. */
export const platformaticDriver: Driver = {
  name: 'platformatic',
  openProducer,
  openAdmin: (options, requestTimeoutMs) => new PlatformaticAdmin(options, requestTimeoutMs),
  openMember: (options, membership, events) => new PlatformaticMember(options, membership, events),
};
