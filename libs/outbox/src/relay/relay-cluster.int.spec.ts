/** A cluster in trouble for seconds; for ten minutes each in `relay-cluster.torture.spec.ts`. */
import { afterAll, beforeAll, it } from '@jest/globals';
import { RelayOnCluster } from '../testing/relay-cluster.rig.spec.ts';

let rig: RelayOnCluster | undefined;
beforeAll(async () => {
  rig = await RelayOnCluster.start('relay_spec_cluster');
}, 150_000);
afterAll(() => rig?.remove());

it('lets all lanes flow as before but those of a partition without a leader, and sends nothing of theirs again', async () => {
  await rig?.withoutOneLeader(8000, 100);
}, 120_000);

it('stores every event while Kafka is away, and publishes them in order when it is back', async () => {
  await rig?.withoutKafka(5000, 100);
}, 120_000);
