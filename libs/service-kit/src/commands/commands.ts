import type { Consumer } from '@nova/consumer';
import type { Call } from '@nova/rpc';
import type { Clock } from '@nova/time';
import { CommandRun } from './command-run.ts';
import type { Commands } from './command-spec.ts';
import type { LogCommands } from './log-calls.ts';

/** What commands are decided and appended with. */
export interface CommandPorts {
  readonly consumer: Pick<Consumer, 'basis'>;
  readonly log: LogCommands;
  readonly clock: Clock;
}

/** Answers commands of a service with this consumer; see {@link Commands}. */
export function createCommands(ports: CommandPorts): Commands {
  return { run: async (call: Call, spec) => new CommandRun(ports, call, spec).answer() };
}
