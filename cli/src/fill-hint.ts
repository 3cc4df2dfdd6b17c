/** A hint of an error row with the parameters of the error's message filled in. */
export function fillHint(hint: string, params: Readonly<Record<string, unknown>>): string {
  return hint.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    params[name] === undefined ? whole : String(params[name]),
  );
}
