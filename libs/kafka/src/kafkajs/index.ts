import type { Driver } from '../driver.ts';
import { KafkajsAdmin } from './admin.ts';
import { registerCodecs } from './codecs.ts';
import { KafkajsMember } from './member.ts';
import { openProducer } from './producer.ts';

registerCodecs();

/** The driver over kafkajs. */
export const kafkajsDriver: Driver = {
  name: 'kafkajs',
  openProducer,
  openAdmin: (options, requestTimeoutMs) => new KafkajsAdmin(options, requestTimeoutMs),
  openMember: (options, membership, events) => new KafkajsMember(options, membership, events),
};
