/** An option of a verb: how it is written, what it means, and how its text becomes a value. */
export interface OptionSpec<T> {
  /** As commander writes it: `-f, --follow` or `-n, --lines <count>`. */
  readonly flags: string;
  readonly doc: string;
  readonly default: T;
  readonly takesValue: boolean;
  /** May be given several times: its value is a list, to which each time adds. */
  readonly repeats?: boolean;
  parse(text: string): { readonly value: T } | { readonly problem: string };
}

/** The options of a verb by the name its code uses. */
export type OptionSpecs = Readonly<Record<string, OptionSpec<unknown>>>;

/** The values of a set of options. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [Name in keyof O]: O[Name] extends OptionSpec<infer T> ? T : never;
};

interface Written {
  readonly flags: string;
  readonly doc: string;
}

/** Constructors for options. A value that does not parse is wrong use (exit code 2). */
export const option = {
  /** Present or not: `--detach`. */
  flag(given: Written): OptionSpec<boolean> {
    return { ...given, default: false, takesValue: false, parse: () => ({ value: true }) };
  },

  /** Any text; undefined when it is not given. */
  text(given: Written): OptionSpec<string | undefined> {
    return {
      ...given,
      default: undefined,
      takesValue: true,
      parse: (text) => (text === '' ? { problem: 'must not be empty' } : { value: text }),
    };
  },

  /** A whole number between `min` and `max`, in steps of `multipleOf`. */
  integer(
    given: Written & { default: number; min?: number; max?: number; multipleOf?: number },
  ): OptionSpec<number> {
    const { min = 0, max = Number.MAX_SAFE_INTEGER, multipleOf = 1 } = given;
    const range = `from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`;
    const steps = multipleOf === 1 ? 'a whole number' : `a multiple of ${multipleOf}`;
    return {
      flags: given.flags,
      doc: given.doc,
      default: given.default,
      takesValue: true,
      parse(text) {
        const value = Number(text);
        const fits = /^-?\d+$/.test(text) && value >= min && value <= max;
        return fits && value % multipleOf === 0
          ? { value }
          : { problem: `must be ${steps} ${range}` };
      },
    };
  },

  /** One of the given words. */
  choice<const Choice extends string>(
    given: Written & { choices: readonly Choice[]; default: Choice },
  ): OptionSpec<Choice> {
    return {
      flags: given.flags,
      doc: `${given.doc} (${given.choices.join(' | ')})`,
      default: given.default,
      takesValue: true,
      parse(text) {
        const value = given.choices.find((choice) => choice === text);
        return value === undefined
          ? { problem: `must be one of ${given.choices.join(', ')}` }
          : { value };
      },
    };
  },

  /** Any text, several times: `--metadata a=1 --metadata b=2`. */
  list(given: Written): OptionSpec<readonly string[]> {
    return {
      ...given,
      default: [],
      takesValue: true,
      repeats: true,
      parse: (text) => (text === '' ? { problem: 'must not be empty' } : { value: [text] }),
    };
  },
};
