/** A reason why readers who go by one schema may not understand what another one lets through. */
export interface Finding {
  /** Where in the payload: `payload.items[].price`. */
  readonly path: string;
  /** `breaks`: some value is not understood. `unjudged`: the rules here cannot tell. */
  readonly verdict: 'breaks' | 'unjudged';
  readonly message: string;
}

const IDENTIFIER = /^[A-Za-z_]\w{0,63}$/;

/** Path of a property. */
export function propertyPath(path: string, name: string): string {
  return IDENTIFIER.test(name)
    ? `${path}.${name}`
    : `${path}[${JSON.stringify(name.slice(0, 64))}]`;
}

/** The findings without repetitions. */
export function unique(findings: readonly Finding[]): readonly Finding[] {
  const textOf = ({ path, verdict, message }: Finding) => `${path}\n${verdict}\n${message}`;
  return [...new Map(findings.map((one) => [textOf(one), one])).values()];
}
