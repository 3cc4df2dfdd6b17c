import { describe, expect, it } from '@jest/globals';
import { ircUserId } from '@nova/events';
import { judgeClock, judgeDisk, judgeMemory, judgeNode } from './doctor/judge-machine.ts';
import { durationText } from './duration.ts';
import { grpcurlLine, nextSteps } from './first-steps.ts';

const GIB = 1024 ** 3;

describe('durationText', () => {
  it.each([
    [0.4, '0 ms'],
    [999, '999 ms'],
    [4_240, '4.2 s'],
    [192_000, '3 m 12 s'],
    [18_120_000, '5 h 2 m'],
    [273_600_000, '3 d 4 h'],
  ])('says %d ms as %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});

describe('grpcurlLine', () => {
  it('has ids written out, so that it works as it stands', () => {
    const line = grpcurlLine('localhost:50051');
    expect(line).toMatch(
      /^grpcurl -plaintext -d '\{.*\}' localhost:50051 events\.EventsService\/PublishEvent$/,
    );
    expect(line.match(/"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"/g)).toHaveLength(3);
    expect(() => {
      JSON.parse(line.slice(line.indexOf("'") + 1, line.lastIndexOf("'")));
    }).not.toThrow();
  });
});

describe('nextSteps', () => {
  it('are few, for the stack that was started', () => {
    const addresses = { kafka: 'localhost:10092', search: 'localhost:51054', port_offset: 1000 };
    const steps = nextSteps(addresses);
    expect(steps).toHaveLength(4);
    expect(steps[2]?.command).toContain(ircUserId('chat', 'marlow'));
    expect(steps[2]?.command).toContain('localhost:51054');
    expect(steps[0]?.command).toContain('localhost:10092');
    expect(steps[1]?.command).toContain('--port-offset 1000');
  });
});

describe('the judgements of the doctor', () => {
  it('call a Node that is too old wrong', () => {
    expect(judgeNode('v24.21.0').verdict).toBe('fine');
    expect(judgeNode('v20.20.2')).toMatchObject({
      verdict: 'wrong',
      remedy: 'Start it through ./nova.',
    });
  });

  it('call a disk doubtful that will be full soon and wrong when it is nearly full', () => {
    const verdicts = [9, 2, 0.5].map((gib) => judgeDisk('/x', gib * GIB).verdict);
    expect(verdicts).toEqual(['fine', 'doubtful', 'wrong']);
  });

  it('ask for free memory only before the start', () => {
    expect(judgeMemory(1 * GIB, false).verdict).toBe('wrong');
    expect(judgeMemory(1 * GIB, true).verdict).toBe('fine');
    expect(judgeMemory(2 * GIB, false).verdict).toBe('fine');
  });

  it('call a clock wrong that is before something in the past', () => {
    const past = Date.UTC(2026, 10, 21);
    expect(judgeClock(past + 1, past, 'a file').verdict).toBe('fine');
    expect(judgeClock(past - 30_000, past, 'a file').verdict).toBe('fine');
    expect(judgeClock(past - 90_000, past, 'a file')).toMatchObject({
      verdict: 'wrong',
      message: 'it says 2026-11-20T23:58:30.000Z, but a file is of 2026-11-21T00:00:00.000Z',
    });
  });
});
