import { option } from '../option.ts';
import { defineVerb } from '../verb.ts';

/** `status`: what runs, where, and how it is doing. */
export const status = defineVerb({
  name: 'status',
  summary: 'what runs, where, and how it is doing',
  options: { watch: option.flag({ flags: '--watch', doc: 'show it again every 2 seconds' }) },
  examples: [
    { command: './nova status', meaning: 'a table of all parts' },
    { command: './nova status -o json', meaning: 'the same for scripts' },
  ],
  run({ out, options }) {
    out.line(`nothing yet ${options.watch}`);
    return Promise.resolve(0);
  },
});
