/**
 * The nova command line. `main.ts` is what `./nova` runs; this entry is for documents and checks
 * that list verbs, settings and errors.
 */
export { errors } from './errors.ts';
export { settings } from './settings.ts';
export type { Verb } from './verb.ts';
export { verbs } from './verb-list.ts';
