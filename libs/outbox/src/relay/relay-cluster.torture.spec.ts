/** The long forms of `relay-cluster.int.spec.ts`: `--times` is for how many minutes each. */
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { tellTorture, torturePart } from '@nova/testkit';
import { RelayOnCluster } from '../testing/relay-cluster.rig.spec.ts';

const MINUTE = 60_000;
/** Every so often 100 events. */
const EVERY_MS = 200;
const { times: minutes } = torturePart({ times: 10 });

describe('a relay on a cluster', () => {
  let rig: RelayOnCluster;
  beforeAll(async () => {
    rig = await RelayOnCluster.start('relay_spec_torture_cluster');
  }, 2 * MINUTE);
  afterAll(() => rig.remove());

  it(
    'lets all other lanes flow for minutes without the leader of one partition',
    async () => {
      const found = await rig.withoutOneLeader(minutes * MINUTE, EVERY_MS);
      tellTorture('a partition without a leader', { minutes, ...found });
    },
    (minutes + 10) * MINUTE,
  );

  it(
    'stores every event for minutes without Kafka, and publishes them in order in time',
    async () => {
      const found = await rig.withoutKafka(minutes * MINUTE, EVERY_MS);
      tellTorture('Kafka down under load', { minutes, ...found });
    },
    (3 * minutes + 10) * MINUTE,
  );
});
