import { nearestOf } from '@nova/events';
import { sleep } from '@nova/time';
import { LogFollower, logFiles } from '../logs/log-file.ts';
import { type LogLine, parseLogLine } from '../logs/log-line.ts';
import { mergedTail } from '../logs/merge-logs.ts';
import { logLineJson, renderLogLine } from '../logs/render-log.ts';
import { option } from '../option.ts';
import type { Output } from '../output.ts';
import { stackFolders } from '../stack.ts';
import { defineVerb, wrongUse } from '../verb.ts';

const POLL_MS = 200;

/** `logs`: what the parts of a stack wrote, merged by time. */
export const logs = defineVerb({
  name: 'logs',
  summary: 'what the parts wrote, merged by time',
  description:
    'Prints the last lines of all parts, or of the named ones, merged by time. With -o json every ' +
    'line is one JSON document. Works whether the stack is running or not.',
  args: [{ name: '[parts...]', doc: 'names as in ./nova status; all when none is given' }],
  options: {
    follow: option.flag({ flags: '-f, --follow', doc: 'go on with what is added, until Ctrl-C' }),
    lines: option.integer({ flags: '-n, --lines <count>', doc: 'how many', default: 50 }),
  },
  examples: [
    { command: './nova logs', meaning: 'the last 50 lines of all parts' },
    { command: './nova logs -f events-service', meaning: 'one service, as it writes' },
    { command: './nova logs -n 1000 -o json', meaning: 'raw lines for a program' },
  ],
  stopsItself: true,
  async run({ args, options, out, signal, ...invocation }) {
    const files = chosenFiles(logFiles(stackFolders(invocation).logDirectory), args);
    const width = Math.max(0, ...[...files.keys()].map((part) => part.length));
    const followers = [...files].map(([part, path]) => ({ part, tail: new LogFollower(path) }));
    for (const line of mergedTail(files, options.lines)) print(line, width, out);
    if (!options.follow) {
      if (files.size === 0) out.note('no log yet: nothing has been started here');
      return 0;
    }
    while (!signal.aborted) {
      await sleep(POLL_MS, signal);
      for (const { part, tail } of followers) {
        for (const raw of tail.next()) print(parseLogLine(part, raw), width, out);
      }
    }
    return 0;
  },
});

function chosenFiles(
  files: ReadonlyMap<string, string>,
  parts: readonly string[],
): ReadonlyMap<string, string> {
  if (parts.length === 0) return files;
  return new Map(
    parts.map((part) => {
      const path = files.get(part);
      if (path === undefined) {
        const known = [...files.keys()];
        const near = nearestOf([part], known);
        const meant = near === undefined ? '' : `, did you mean ${near}?`;
        throw wrongUse(
          `no log of '${part}'${meant || `; there are ${known.join(', ') || 'none'}`}`,
        );
      }
      return [part, path] as const;
    }),
  );
}

function print(line: LogLine, width: number, out: Output): void {
  out.line(out.format === 'json' ? logLineJson(line) : renderLogLine(line, width, out.style));
}
