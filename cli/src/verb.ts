import type { Environment } from '@nova/config';
import { NovaError } from '@nova/errors';
import { errors } from './errors.ts';
import type { OptionSpecs, OptionValues } from './option.ts';
import type { Output } from './output.ts';

/** 0 done, 1 failed. Wrong use (2) is thrown with `wrongUse`. */
export type ExitCode = 0 | 1;

/** A positional argument as commander writes it: `<paths...>`, `[service]`. */
export interface ArgumentSpec {
  readonly name: string;
  readonly doc: string;
}

/** A line of `--help` that can be typed as it stands. */
export interface Example {
  readonly command: string;
  readonly meaning: string;
}

/** One call of a verb. */
export interface Invocation<O extends OptionSpecs = OptionSpecs> {
  /** The positional arguments, variadic ones included, in the order typed. */
  readonly args: readonly string[];
  readonly options: OptionValues<O>;
  readonly out: Output;
  /** Shift of all ports, 0 to 10000; names the stack that is meant. */
  readonly portOffset: number;
  readonly environment: Environment;
  /** Aborts at the first Ctrl-C or SIGTERM, for verbs with `stopsItself`. */
  readonly signal: AbortSignal;
}

/**
 * A verb of the command line. `-o table|json`, `--port-offset` and `--help` are added to each.
 * Errors are thrown as NovaError; the program prints message and hint and exits with 1.
 */
export interface Verb<O extends OptionSpecs = OptionSpecs> {
  /** The words typed; a second word makes it a verb of a group (`import irc`). */
  readonly name: string;
  /** One line for the list of verbs, without a full stop. */
  readonly summary: string;
  /** More sentences for the verb's own help. */
  readonly description?: string;
  readonly args?: readonly ArgumentSpec[];
  readonly options: O;
  readonly examples: readonly Example[];
  /** Ctrl-C then only aborts `signal`, and the verb ends in its own way; a second one kills. */
  readonly stopsItself?: boolean;
  run(invocation: Invocation<O>): Promise<ExitCode>;
}

/** Declares a verb; the types of `invocation.options` follow from `options`. */
export function defineVerb<const O extends OptionSpecs>(verb: Verb<O>): Verb {
  // The program hands each verb the values of exactly its own options, which a list of verbs with
  // different options cannot express.
  return verb as unknown as Verb;
}

/** The error for wrong use of a verb: exit code 2. `problem` is a sentence without a full stop. */
export function wrongUse(problem: string): NovaError {
  return new NovaError(errors.CLI_WRONG_USE, { problem });
}
