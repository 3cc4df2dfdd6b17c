/**
 * Writes proto/baseline.binpb, against which `buf breaking` and the spec of event options check.
 * Run it when types were added or a draft became final; what it no longer contains is no longer
 * protected, so a change that breaks readers needs an ADR first.
 */
import { writeFileSync } from 'node:fs';
import { baselinePath, makeBaseline } from './baseline-image.ts';
import { protoImage } from './proto-image.ts';

writeFileSync(baselinePath, makeBaseline(protoImage()));
process.stdout.write(`${baselinePath} written\n`);
