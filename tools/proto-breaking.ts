/** Exits 1 and says what is broken when the proto files would break readers of proto/baseline.binpb. */
import { join } from 'node:path';
import { breakingChanges } from './breaking-changes.ts';
import { root } from './source-files.ts';

const changes = breakingChanges(join(root, 'proto'));
process.stdout.write(changes);
if (changes !== '') process.exitCode = 1;
