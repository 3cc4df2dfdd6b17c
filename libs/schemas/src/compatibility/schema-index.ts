import { canonicalJson } from '@nova/events';
import { isMap, type Json, type JsonMap } from '../json.ts';

/** Remembers the texts and gives numbers to the schemas of two documents that are compared. */
export class SchemaIndex {
  // Both documents have the same definitions, none of which leads back to the whole document.
  readonly #sameDefinitions: boolean;
  readonly #texts = new WeakMap<object, string>();
  readonly #ids = new WeakMap<object, number>();
  #lastId = 0;

  constructor(writer: JsonMap, reader: JsonMap) {
    const definitions = canonicalJson(writer['$defs'] ?? {});
    this.#sameDefinitions =
      definitions === canonicalJson(reader['$defs'] ?? {}) && !refersToRoot(definitions);
  }

  /** Written alike, and where it refers to definitions, these are the same as well. */
  isAlike(written: Json, wanted: JsonMap): boolean {
    const text = this.#textOf(wanted);
    if (this.#textOf(written) !== text) return false;
    return !text.includes('"$ref"') || (this.#sameDefinitions && !refersToRoot(text));
  }

  /** The same text for the same object. */
  idOf(schema: Json): string {
    if (!isMap(schema)) return String(schema);
    const known = this.#ids.get(schema);
    if (known !== undefined) return String(known);
    this.#lastId += 1;
    this.#ids.set(schema, this.#lastId);
    return String(this.#lastId);
  }

  #textOf(schema: Json): string {
    if (!isMap(schema)) return canonicalJson(schema);
    const text = this.#texts.get(schema) ?? canonicalJson(schema);
    this.#texts.set(schema, text);
    return text;
  }
}

function refersToRoot(text: string): boolean {
  return text.includes('"$ref":"#"');
}
