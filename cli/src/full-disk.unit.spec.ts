import { describe, expect, it } from '@jest/globals';
import { fullDiskLine } from './full-disk.ts';

const MIB = 1024 * 1024;

describe('a state folder', () => {
  it('is called full while there is hardly any room, and by its name', () => {
    expect(fullDiskLine('/srv/nova', 0)).toContain('0 MiB free for /srv/nova');
    expect(fullDiskLine('/srv/nova', 63.9 * MIB)).toContain('63 MiB free');
    expect(fullDiskLine('/srv/nova', 64 * MIB)).toBeUndefined();
    expect(fullDiskLine('/srv/nova', undefined)).toBeUndefined();
  });
});
