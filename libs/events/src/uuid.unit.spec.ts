import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NIL, v5 } from 'uuid';
import { derivedId, isCanonicalUuid } from './uuid.ts';

describe('derivedId', () => {
  it('is the UUIDv5 that the uuid package makes, of any name', () => {
    const namespace = v5('nova', NIL);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(derivedId(name)).toBe(v5(name, namespace));
        expect(isCanonicalUuid(derivedId(name))).toBe(true);
      }),
    );
  });
});
