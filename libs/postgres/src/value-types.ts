import pg from 'pg';

const INT8 = 20;
const INT8_ARRAY = 1016;

const bigintArray = (text: string): bigint[] =>
  text === '{}' ? [] : text.slice(1, -1).split(',').map(BigInt);

/**
 * How column values arrive: 64-bit integers as bigint (the driver's default is text), everything
 * else as the driver does it.
 */
export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8) return BigInt;
    if (oid === INT8_ARRAY) return bigintArray;
    // The driver's types say `any`.
    return pg.types.getTypeParser(oid, format) as (text: string) => unknown;
  },
};
