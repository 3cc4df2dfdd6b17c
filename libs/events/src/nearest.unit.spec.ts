import { expect, it } from '@jest/globals';
import { nearestOf } from './nearest.ts';

const PARTS = ['events-service', 'kafka', 'postgres', 'relay'];

it.each([
  ['kafak', 'kafka'],
  ['events', 'events-service'],
  ['relai', 'relay'],
  ['zookeeper', undefined],
  ['', undefined],
])('finds for "%s" %s', (word, found) => {
  expect(nearestOf([word], PARTS)).toBe(found);
});

it('asks of each form, and takes pieces of the whole name only', () => {
  const types = ['user_created', 'message_created'];
  expect(nearestOf(['chat_mesage_created', 'mesage_created', 'created'], types)).toBe(
    'message_created',
  );
  expect(nearestOf(['zzzzzz_created', 'created'], types)).toBeUndefined();
  expect(nearestOf(['nix'], types)).toBeUndefined();
});
