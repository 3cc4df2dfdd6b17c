import type { Verb } from './verb.ts';
import { status } from './verbs/status.ts';

/** All verbs, in the order of `./nova --help`. A new verb is one file and one row here. */
export const verbs: readonly Verb[] = [status];
