import { option } from '../option.ts';
import { defineVerb } from '../verb.ts';

/** The service whose views are meant. */
export const SERVICE = {
  name: '<service>',
  doc: 'messaging, notification, search, or one of another team',
};
/** Which of its consumers. */
export const viewConsumer = option.text({
  flags: '--consumer <name>',
  doc: 'which of its consumers; `views` unless its README says otherwise',
});

/** `view rebuild`: make a service's views anew from the log. */
export const viewRebuild = defineVerb({
  name: 'view rebuild',
  summary: "make a service's views anew from the log, beside those that serve",
  description:
    'A new generation is folded from the log alone, then it takes over in one step; until then ' +
    'queries and commands go on with the old one. No notice is sent again. One of its processes does ' +
    'it; Ctrl-C only ends the waiting. docs/runbooks/rebuild-views.md.',
  args: [SERVICE],
  stopsItself: true,
  options: {
    consumer: viewConsumer,
    reason: option.text({ flags: '--reason <text>', doc: 'why; kept with the generation' }),
    dryRun: option.flag({ flags: '--dry-run', doc: 'only tell what would be read' }),
    detach: option.flag({ flags: '--detach', doc: 'do not wait for its end' }),
  },
  examples: [
    {
      command: './nova view rebuild messaging --reason "row lost by hand"',
      meaning: 'and wait until the new views serve',
    },
    { command: './nova view rebuild messaging --dry-run', meaning: 'how much that would be' },
  ],
  async run(invocation) {
    // Loaded only here, so that help and other verbs do not load gRPC.
    const { runRebuild } = await import('../views/run-rebuild.ts');
    return await runRebuild(invocation, invocation.options);
  },
});

/** `view status`: how far a rebuild is. */
export const viewStatus = defineVerb({
  name: 'view status',
  summary: "which generation of a service's views serves, and how far a rebuild is",
  args: [SERVICE],
  options: { consumer: viewConsumer },
  examples: [
    { command: './nova view status messaging', meaning: 'the last rebuild, by whom, why' },
  ],
  async run(invocation) {
    const { runStatus } = await import('../views/run-rebuild.ts');
    return await runStatus(invocation, invocation.options);
  },
});

/** `view cancel`: end a rebuild. */
export const viewCancel = defineVerb({
  name: 'view cancel',
  summary: 'end a rebuild before its end; the old views serve on',
  description: 'Also one whose process has died: another one would go on with it.',
  args: [SERVICE],
  options: { consumer: viewConsumer },
  examples: [{ command: './nova view cancel messaging', meaning: 'the one that runs' }],
  async run(invocation) {
    const { runCancel } = await import('../views/run-rebuild.ts');
    return await runCancel(invocation, invocation.options);
  },
});
