import { describe, expect, it } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { implement, type Methods, type Policies } from './index.ts';

const never = () => Promise.reject(new Error('not called'));
// Of the right kind is checked elsewhere: none of them is called here.
const methods = each(() => never) as Methods<typeof EventsService>;
const policies = each((name) => (name.startsWith('publish') ? 'writer' : 'reader')) as Policies<
  typeof EventsService
>;

function each(value: (localName: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    EventsService.methods.map(({ localName }) => [localName, value(localName)]),
  );
}

describe('a service', () => {
  it('comes to life with every method and every policy', () => {
    const { methods: served } = implement(EventsService, methods, policies);
    expect(served.map(({ fullName, policy }) => [fullName, policy])).toContainEqual([
      'events.EventsService/PublishEvent',
      'writer',
    ]);
    expect(served).toHaveLength(EventsService.methods.length);
  });

  it('does not without a policy for each method: default deny', () => {
    const { getEvent: _, ...incomplete } = policies;
    // As a caller without types would.
    expect(() => implement(EventsService, methods, incomplete as typeof policies)).toThrow(
      'events.EventsService/GetEvent has no policy',
    );
    expect(() => implement(EventsService, methods, { ...policies, getEvent: [] })).toThrow(
      'events.EventsService/GetEvent has no policy',
    );
  });

  it('does not without a function for each method', () => {
    const { publishEvent: _, ...incomplete } = methods;
    expect(() => implement(EventsService, incomplete as typeof methods, policies)).toThrow(
      'events.EventsService/PublishEvent has no implementation',
    );
  });
});
