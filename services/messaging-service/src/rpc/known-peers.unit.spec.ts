import { describe, expect, it } from '@jest/globals';
import { createKnownPeers } from './known-peers.ts';

describe('KnownPeers', () => {
  it('asks once for what was created, again for what was not, and forgets the oldest', async () => {
    const asked: string[] = [];
    const known = createKnownPeers(2);
    const of = (id: string, peers: readonly string[] | undefined) =>
      known.of(id, async () => {
        asked.push(id);
        return peers;
      });
    expect(await of('new', undefined)).toEqual([]);
    expect(await of('new', ['a', 'b'])).toEqual(['a', 'b']);
    expect(await of('new', [])).toEqual(['a', 'b']);
    expect(await of('group', [])).toEqual([]);
    expect(await of('group', ['a'])).toEqual([]);
    expect(asked).toEqual(['new', 'new', 'group']);
    await of('third', []);
    await of('group', []);
    await of('new', []);
    expect(asked.slice(3)).toEqual(['third', 'new']);
  });
});
