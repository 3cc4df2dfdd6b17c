import { afterEach, expect, it, jest } from '@jest/globals';
import { RelayRig } from '../testing/relay-rig.ts';
import { until } from '../testing/until.ts';

let rig = new RelayRig();
afterEach(() => rig.close());

const keys = Array.from({ length: 200 }, (_, index) => `aggregate ${index}`);
const afters = (read: jest.SpiedFunction<RelayRig['log']['read']>) =>
  read.mock.calls.map(([{ after }]) => Number(after));

it('reads the next window, and no further, while one is sent', async () => {
  rig = new RelayRig({ windowRows: 50, slowSendMs: 60_000 });
  for (const key of keys) rig.log.append(key);
  const read = jest.spyOn(rig.log, 'read');
  rig.publisher.fate = () => 'hang';
  await rig.relay('one').start();
  await until(() => read.mock.calls.length === 2, 'the next window read');
  expect(afters(read)).toEqual([0, 50]);
  expect(rig.publisher.arrived).toEqual([]);
  rig.publisher.release();
  await until(() => read.mock.calls.length === 3, 'the window after it read');
  expect(afters(read)).toEqual([0, 50, 100]);
});

it('reads each window once in a drain', async () => {
  rig = new RelayRig({ windowRows: 50 });
  for (const key of keys) rig.log.append(key);
  const read = jest.spyOn(rig.log, 'read');
  await rig.relay('one').start();
  await until(() => rig.isPublished() && rig.isAdvanced(), 'all events published');
  expect(afters(read)).toEqual([0, 50, 100, 150]);
  expect(rig.repetitions()).toBe(0);
});

it('asks for no more of a backlog than a window of its lanes needs', async () => {
  rig = new RelayRig({ windowRows: 50 });
  for (const key of keys) rig.log.append(key);
  const read = jest.spyOn(rig.log, 'read');
  await rig.relay('one').start();
  await until(() => rig.isPublished(), 'all events published');
  expect(read.mock.calls.map(([{ upto }]) => Number(upto))).toEqual([50, 100, 150, 200]);
});

it('does not wait for a look at the log before it reads what is known to be there', async () => {
  rig = new RelayRig({ windowRows: 50, slowSendMs: 60_000 });
  for (const key of keys) rig.log.append(key);
  const read = jest.spyOn(rig.log, 'read');
  const looked = Promise.withResolvers<void>();
  const head = rig.log.head.bind(rig.log);
  const heads = jest.spyOn(rig.log, 'head').mockImplementation(async () => {
    if (heads.mock.calls.length > 1) await looked.promise;
    return head();
  });
  await rig.relay('one').start();
  await until(() => read.mock.calls.length === 2, 'the next window read');
  expect(afters(read)).toEqual([0, 50]);
  expect(rig.publisher.arrived.length).toBeLessThanOrEqual(50);
  looked.resolve();
  await until(() => rig.isPublished(), 'all events published');
});

it('publishes nothing of a window whose look finds that the log has lost its end', async () => {
  rig = new RelayRig({ windowRows: 50, slowSendMs: 60_000 });
  for (const key of keys) rig.log.append(key);
  const read = jest.spyOn(rig.log, 'read');
  const head = rig.log.head.bind(rig.log);
  const epochs = [
    { epoch: 'memory', firstPosition: 1n },
    { epoch: 'other', firstPosition: 61n },
  ];
  const heads = jest.spyOn(rig.log, 'head').mockImplementation(async () => {
    return read.mock.calls.length === 0 ? head() : { position: 60n, epoch: 'other', epochs };
  });
  await rig.relay('one').start();
  const published = () => new Set(rig.publisher.arrived.map(({ headers }) => headers['ce_id']));
  await until(() => published().size >= 60, 'all that is left published');
  const looks = heads.mock.calls.length;
  await until(() => heads.mock.calls.length > looks + 2, 'further looks');
  expect(afters(read).slice(0, 2)).toEqual([0, 50]);
  expect(published()).toEqual(new Set(rig.log.events.slice(0, 60).map(({ eventId }) => eventId)));
});
