import { describe, expect, it } from '@jest/globals';
import { listeningInodes } from './port-holder.ts';
import { isPortOffset, portPlan } from './ports.ts';

describe('portPlan', () => {
  it('has the ports of conventions, shifted as one', () => {
    expect(portPlan()).toMatchObject({ events: 50051, kafka: 9092, postgres: 54320 });
    expect(portPlan(3000)).toMatchObject({
      events: 53051,
      relayOps: 53150,
      kafkaController: 12093,
    });
  });

  it('gives every listener a port of its own and a legal one, at every offset', () => {
    const all = Array.from({ length: 11 }, (_, step) =>
      Object.values(portPlan(step * 1000)),
    ).flat();
    expect(new Set(all).size).toBe(all.length);
    expect(Math.max(...all)).toBeLessThan(65_536);
  });

  it.each([-1000, 500, 1.5, 11_000, Number.NaN])('refuses the offset %p', (offset) => {
    expect(isPortOffset(offset)).toBe(false);
    expect(() => portPlan(offset)).toThrow(RangeError);
  });
});

describe('listeningInodes', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1',
    '   1: 0100007F:2384 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4712 1',
    '   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1',
  ].join('\n');

  it('finds the sockets that listen on the port, not those connected to it', () => {
    expect(listeningInodes(table, 0x2384)).toEqual(['socket:[4711]']);
    expect(listeningInodes(table, 80)).toEqual([]);
  });
});
