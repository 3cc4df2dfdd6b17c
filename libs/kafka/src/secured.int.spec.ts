import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { type PrivateSecuredKafka, privateSecuredKafka } from '@nova/testkit';
import { errors } from './errors.ts';
import { openKafka } from './open-kafka.ts';
import type { DriverName, KafkaOptions } from './options.ts';
import { rigs, until, upTo } from './testing/each-driver.rig.spec.ts';

const pem = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
const ca = readFileSync(pem('authority.pem'), 'utf8');
const sasl = { mechanism: 'plain', username: 'relay', password: 'right' } as const;

let broker: PrivateSecuredKafka;
const { begin, each, close } = rigs();

beforeAll(async () => {
  broker = await privateSecuredKafka({ users: { relay: 'right' }, keyFile: pem('broker.pem') });
  begin({ brokers: broker.securedBrokers, tls: { ca }, sasl });
}, 60_000);
afterAll(async () => {
  await close();
  await broker.remove();
});

async function pingAs(driver: DriverName, more: Pick<KafkaOptions, 'sasl' | 'tls'>) {
  const brokers = broker.securedBrokers;
  const admin = openKafka({
    brokers,
    clientId: 's',
    logger: silentLogger,
    driver,
    ...more,
  }).admin();
  try {
    await admin.topics();
  } finally {
    await admin.close();
  }
}

/** What ends such a ping. One that is out of time before it knows why is sent again; one let in is not. */
async function refusalOf(
  driver: DriverName,
  more: Pick<KafkaOptions, 'sasl' | 'tls'>,
  reason: string,
): Promise<unknown> {
  const asked = async () => {
    const thrown = await pingAs(driver, more).then(
      () => 'let in',
      (why: unknown) => why,
    );
    if (thrown instanceof Error && !thrown.message.includes(reason)) throw thrown;
    return thrown;
  };
  return await until(`word of ${reason}`, asked, 30_000);
}

describe('a broker that asks for TLS and a password', () => {
  each('serves publisher, admin and member who have both', async (rig) => {
    const topic = await rig.newTopic(1);
    await rig.publish(topic, 0, 0, 20);
    const member = await rig.openMember([topic]);
    await until('all records', () => member.keys().length === 20);
    expect(member.keys()).toEqual(upTo(20));
    await rig.stopMembers();
  });

  each('says so when the password is wrong', async ({ driver }) => {
    const more = { tls: { ca }, sasl: { ...sasl, password: 'wrong' } };
    const wrong = await refusalOf(driver, more, 'SASL_AUTHENTICATION_FAILED');
    expect(wrong).toMatchObject({ kind: errors.KAFKA_REFUSED });
  });

  each('is not believed without the certificate of its authority', async ({ driver }) => {
    const unknown = await refusalOf(driver, { tls: {}, sasl }, 'self-signed certificate');
    expect(unknown).toMatchObject({ kind: errors.KAFKA_UNAVAILABLE });
  });

  each('lets nobody in who speaks plain text', async ({ driver }) => {
    await expect(pingAs(driver, { sasl })).rejects.toMatchObject({
      kind: errors.KAFKA_UNAVAILABLE,
    });
  });
});
