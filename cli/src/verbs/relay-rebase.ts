import { option } from '../option.ts';
import { defineVerb } from '../verb.ts';

const options = {
  reason: option.text({ flags: '--reason <text>', doc: 'why; kept in the log of events-service' }),
};

/** `relay rebase`: begin a new epoch of the log. */
export const relayRebase = defineVerb({
  name: 'relay rebase',
  summary: 'begin a new epoch, after the log has lost its end unnoticed',
  description:
    'A log that was restored, copied or promoted begins a new epoch by itself. This is for the cases ' +
    'that a server cannot see, such as a machine that went back to a snapshot of its memory: the ' +
    'relays and all consumers then go back to where the log ends now, and fold anew what they have ' +
    'read beyond it. Harmless where nothing was lost. docs/runbooks/backup-and-restore.md.',
  options,
  examples: [
    {
      command: './nova relay rebase --reason "virtual machine reverted to its snapshot"',
      meaning: 'everything read beyond the end of the log is lost',
    },
  ],
  async run(invocation) {
    // Loaded only here, so that help and other verbs do not load gRPC.
    const { runRebase } = await import('../relay/run-rebase.ts');
    return await runRebase(invocation, invocation.options);
  },
});
