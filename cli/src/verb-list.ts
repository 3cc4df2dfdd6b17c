import type { Verb } from './verb.ts';
import { importIrc } from './verbs/import-irc.ts';
import { publish } from './verbs/publish.ts';
import { status } from './verbs/status.ts';
import { tail } from './verbs/tail.ts';
import { topics } from './verbs/topics.ts';

/** All verbs, in the order of `./nova --help`. A new verb is one file and one row here. */
export const verbs: readonly Verb[] = [status, publish, tail, importIrc, topics];
