import type { Call } from '@nova/rpc';
import { type CommandPorts, CommandRun } from './command-run.ts';
import type { Commands } from './command-spec.ts';

/** Answers commands of a service with this consumer; see {@link Commands}. */
export function createCommands(ports: CommandPorts): Commands {
  return { run: async (call: Call, spec) => new CommandRun(ports, call, spec).answer() };
}
