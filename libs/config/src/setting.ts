/** How a setting appears in docs/config.md and in `--print-config`. */
export interface SettingDoc {
  readonly env: string;
  readonly doc: string;
  readonly secret: boolean;
  readonly kind: string;
  /** The default as text; undefined when the setting must be given. */
  readonly defaultText: string | undefined;
}

/** A declared setting: its documentation and how its text becomes a value. */
export interface Setting<T> extends SettingDoc {
  readonly default: T | undefined;
  readonly optional: boolean;
  /** Returns the value, or a sentence that says what is wrong. */
  parse(text: string): { readonly value: T } | { readonly problem: string };
}

interface Declared<T> {
  readonly env: string;
  readonly doc: string;
  readonly default?: T;
  readonly secret?: boolean;
}

function declare<T>(
  given: Declared<T>,
  kind: string,
  parse: Setting<T>['parse'],
  text: (value: T) => string = String,
): Setting<T> {
  return {
    env: given.env,
    doc: given.doc,
    secret: given.secret ?? false,
    kind,
    default: given.default,
    defaultText: given.default === undefined ? undefined : text(given.default),
    optional: false,
    parse,
  };
}

/** Constructors for settings. Names carry the unit (`NOVA_RELAY_POLL_INTERVAL_MS`). */
export const setting = {
  string(given: Declared<string>): Setting<string> {
    return declare(given, 'text', (text) =>
      text === '' ? { problem: 'must not be empty' } : { value: text },
    );
  },

  url(given: Declared<string> & { readonly protocols: readonly string[] }): Setting<string> {
    return declare(given, `URL (${given.protocols.join(', ')})`, (text) => {
      const protocol = URL.canParse(text) ? new URL(text).protocol.replace(':', '') : '';
      if (given.protocols.includes(protocol)) return { value: text };
      return { problem: `must be a URL starting with ${given.protocols.join(':// or ')}://` };
    });
  },

  integer(
    given: Declared<number> & { readonly min?: number; readonly max?: number },
  ): Setting<number> {
    const min = given.min ?? 0;
    const max = given.max ?? Number.MAX_SAFE_INTEGER;
    return declare(
      given,
      `integer, ${min} to ${max === Number.MAX_SAFE_INTEGER ? 'any' : max}`,
      (text) => {
        const value = Number(text);
        if (/^-?\d+$/.test(text) && value >= min && value <= max) return { value };
        return { problem: `must be a whole number from ${min} to ${max}` };
      },
    );
  },

  boolean(given: Declared<boolean>): Setting<boolean> {
    return declare(given, 'true or false', (text) =>
      text === 'true' || text === 'false'
        ? { value: text === 'true' }
        : { problem: 'must be true or false' },
    );
  },

  choice<const Choice extends string>(
    given: Declared<Choice> & { readonly choices: readonly Choice[] },
  ): Setting<Choice> {
    return declare(given, given.choices.join(' | '), (text) => {
      const value = given.choices.find((choice) => choice === text);
      return value === undefined
        ? { problem: `must be one of ${given.choices.join(', ')}` }
        : { value };
    });
  },

  list(given: Declared<readonly string[]>): Setting<readonly string[]> {
    return declare(
      given,
      'comma-separated list',
      (text) => {
        const items = text.split(',').map((item) => item.trim());
        return items.every((item) => item !== '')
          ? { value: items }
          : { problem: 'must be a comma-separated list without empty items' };
      },
      (items) => items.join(','),
    );
  },

  /** The same setting, but undefined where it is not given. */
  optional<T>(inner: Setting<T>): Setting<T | undefined> {
    return { ...inner, optional: true };
  },
};
