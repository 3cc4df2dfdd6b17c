import { systemClock } from '@nova/time';
import { durationText } from '../duration.ts';
import { stackFolders } from '../stack.ts';
import { stopStack } from '../supervise/stop-stack.ts';
import { defineVerb } from '../verb.ts';

/** `down`: drains and stops; data stays. */
export const down = defineVerb({
  name: 'down',
  summary: 'stop everything; data stays',
  description:
    'Drains within 15 seconds: work in flight is finished, leases are given back, then servers ' +
    'stop. What does not end by then is killed. Harmless when nothing is running.',
  options: {},
  examples: [
    { command: './nova down', meaning: 'stop the stack of this checkout' },
    { command: './nova down --port-offset 1000', meaning: 'stop the one started with that offset' },
  ],
  async run({ out, ...invocation }) {
    const startedMs = systemClock.monotonicMs();
    const outcome = await stopStack(stackFolders(invocation), systemClock, (text) =>
      out.progress(text),
    );
    const ms = Math.round(systemClock.monotonicMs() - startedMs);
    out.progressDone();
    if (out.format === 'json') out.json({ outcome, duration_ms: ms });
    else out.line(sentences[outcome](durationText(ms)));
    return 0;
  },
});

const sentences = {
  was_not_running: () => 'nothing was running',
  drained: (time: string) => `stopped in ${time}`,
  killed: (time: string) => `stopped in ${time}; not everything drained in time and was killed`,
} as const;
