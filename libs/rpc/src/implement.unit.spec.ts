import { describe, expect, it } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { implement, type Methods, type Policies } from './index.ts';

const never = () => Promise.reject(new Error('not called'));
const methods: Methods<typeof EventsService> = {
  publishEvent: never,
  publishEvents: never,
  getEvent: never,
  getEventsByAggregate: never,
  getEventsByType: never,
  getOutboxStatus: never,
  listConsumers: never,
};
const policies: Policies<typeof EventsService> = {
  publishEvent: 'writer',
  publishEvents: 'writer',
  getEvent: 'reader',
  getEventsByAggregate: 'reader',
  getEventsByType: 'reader',
  getOutboxStatus: 'reader',
  listConsumers: 'reader',
};

describe('a service', () => {
  it('comes to life with every method and every policy', () => {
    const { methods: served } = implement(EventsService, methods, policies);
    expect(served.map(({ fullName, policy }) => [fullName, policy])).toContainEqual([
      'events.EventsService/PublishEvent',
      'writer',
    ]);
    expect(served).toHaveLength(7);
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
