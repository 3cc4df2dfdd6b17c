import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { portHolder } from '@nova/servers';
import { type PrivateKafka, privateKafka } from './private-server.ts';
import { testKafka } from './spec-servers.ts';
import { describeKafka } from './start-kafka.ts';

describe('kafkaServer', () => {
  let kafka: PrivateKafka;

  beforeAll(async () => {
    kafka = await privateKafka();
  }, 120_000);

  afterAll(() => kafka.remove());

  const port = () => Number(kafka.brokers[0]?.split(':')[1]);

  it('runs as the very process that its pid names', () => {
    expect(portHolder(port())?.pid).toBe(kafka.pid);
  });

  it('is ready again after kill -9, on the same ports', async () => {
    const before = port();
    await kafka.kill();
    expect(portHolder(before)).toBeUndefined();
    await kafka.restart();
    expect(portHolder(before)?.pid).toBe(kafka.pid);
  }, 60_000);
});

describe('testKafka', () => {
  it('is the same broker for every caller of the run', async () => {
    const [one, two] = await Promise.all([testKafka(), testKafka()]);
    expect(one.brokers).toEqual(two.brokers);
  }, 120_000);

  it('is ready only when a broker answers, not when something listens', async () => {
    const { server, folder } = await describeKafka();
    await expect(server.ready()).rejects.toMatchObject({ code: 'NOVA_SERVERS_NO_ANSWER' });
    folder.remove();
  });
});
