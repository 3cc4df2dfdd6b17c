import { describe, expect, it } from '@jest/globals';
import { fuzzStack } from './fuzz-stack.ts';

describe('whatever is sent to a service', () => {
  it('is answered with a status that blames nobody here, and the process lives', async () => {
    const reports = await fuzzStack({
      requests: 12_000,
      seed: 20_261_121,
      withinMs: 8_000,
      atLeast: 300,
    });
    for (const { service, seed, bad, alive, sent } of reports) {
      expect({ service, seed, bad, alive }).toEqual({ service, seed, bad: [], alive: true });
      expect(sent).toBeGreaterThanOrEqual(300);
    }
    // Else only the checks in front were tried.
    const answered = reports.flatMap((report) => report.answered);
    expect(answered).toEqual(
      expect.arrayContaining([
        'events.EventForwarding/Forward',
        'events.EventLog/ReadLog',
        'events.EventsService/PublishEvent',
        'messaging.MessagingService/SendMessage',
      ]),
    );
  }, 360_000);
});
