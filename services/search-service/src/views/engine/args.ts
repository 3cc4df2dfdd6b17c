/** The values of a statement that is put together from parts. */
export class Args {
  readonly #values: unknown[] = [];

  get values(): readonly unknown[] {
    return this.#values;
  }

  /** The text that stands for a value: `$3::uuid[]`. */
  add(value: unknown, type: string): string {
    this.#values.push(value);
    return `$${this.#values.length}::${type}`;
  }
}
