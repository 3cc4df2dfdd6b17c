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
