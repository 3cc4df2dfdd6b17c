import { canonicalJson } from '@nova/events';
import { isList, isMap, type Json, type JsonMap, member } from './json.ts';
import { isKeyword, subschemasOf } from './keywords.ts';

/** Most bytes of a schema as canonical JSON. */
export const MAX_SCHEMA_BYTES = 64 * 1024;
/** Most levels of maps and lists. */
export const MAX_SCHEMA_NESTING = 32;
const MAX_SUBSCHEMAS = 2_000;
const MAX_PATTERNS = 50;
const MAX_PATTERN_LENGTH = 500;
const MAX_PROBLEMS = 20;
const DIALECT = /^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;
const LOCAL_REF = /^#(?:\/\$defs\/([A-Za-z0-9_.-]{1,100}))?$/;

/** What is wrong with a schema, and where: a JSON Pointer, empty for the whole. */
export interface SchemaProblem {
  readonly pointer: string;
  readonly problem: string;
}

/**
 * Says why a schema of another team's events is not taken, whatever it means: too large, too deep,
 * words that are not JSON Schema 2020-12, references that leave the document or never end, patterns
 * that are too many or too long. Whether it is a valid schema and its patterns are ones that run in
 * linear time is judged by the validator, away from the event loop.
 */
export function checkSchema(given: Json): readonly SchemaProblem[] {
  if (!isMap(given)) return [{ pointer: '', problem: 'must be a map: a JSON Schema' }];
  if (depthOf(given) > MAX_SCHEMA_NESTING) {
    return [
      { pointer: '', problem: `must not be nested deeper than ${MAX_SCHEMA_NESTING} levels` },
    ];
  }
  const bytes = new TextEncoder().encode(canonicalJson(given)).length;
  if (bytes > MAX_SCHEMA_BYTES) {
    return [{ pointer: '', problem: `must have at most ${MAX_SCHEMA_BYTES} bytes, not ${bytes}` }];
  }
  return new SchemaCheck(given).run().slice(0, MAX_PROBLEMS);
}

class SchemaCheck {
  readonly #root: JsonMap;
  readonly #problems: SchemaProblem[] = [];
  #subschemas = 0;
  #patterns = 0;

  constructor(root: JsonMap) {
    this.#root = root;
  }

  run(): readonly SchemaProblem[] {
    const { type, $schema } = this.#root;
    if (type !== 'object') this.#add('/type', 'must be "object": payloads are JSON objects');
    if ($schema !== undefined && !(typeof $schema === 'string' && DIALECT.test($schema))) {
      this.#add('/$schema', 'must be https://json-schema.org/draft/2020-12/schema, or be left out');
    }
    this.#walk(this.#root, '');
    if (this.#subschemas > MAX_SUBSCHEMAS) {
      this.#add('', `must not have more than ${MAX_SUBSCHEMAS} subschemas`);
    }
    if (this.#patterns > MAX_PATTERNS) {
      this.#add('', `must not have more than ${MAX_PATTERNS} patterns`);
    }
    if (this.#problems.length === 0) this.#findCircles();
    return this.#problems;
  }

  #walk(schema: Json, pointer: string): void {
    this.#subschemas += 1;
    if (!isMap(schema)) {
      if (typeof schema !== 'boolean') this.#add(pointer, 'must be a schema: a map, true or false');
      return;
    }
    for (const word of Object.keys(schema)) {
      if (!isKeyword(word)) {
        this.#add(
          `${pointer}/${word.slice(0, 64)}`,
          'is no keyword of JSON Schema 2020-12 that is taken',
        );
      } else if (pointer !== '' && (word === '$schema' || word === '$id')) {
        this.#add(`${pointer}/${word}`, 'may stand at the top only');
      }
    }
    this.#checkRef(schema, pointer);
    this.#checkPatterns(schema, pointer);
    for (const sub of subschemasOf(schema)) {
      if (sub.pointer.endsWith('/__proto__')) this.#add(pointer, 'must not name __proto__');
      this.#walk(sub.schema, pointer + sub.pointer);
    }
  }

  #checkRef({ $ref }: JsonMap, pointer: string): void {
    if ($ref === undefined) return;
    if (targetOf(this.#root, $ref) !== undefined) return;
    this.#add(`${pointer}/$ref`, 'must be # or #/$defs/NAME of this document');
  }

  #checkPatterns({ pattern, patternProperties }: JsonMap, pointer: string): void {
    const patterns = isMap(patternProperties) ? Object.keys(patternProperties) : [];
    if (typeof pattern === 'string') patterns.push(pattern);
    this.#patterns += patterns.length;
    if (patterns.some((one) => one.length > MAX_PATTERN_LENGTH)) {
      this.#add(`${pointer}/pattern`, `must have at most ${MAX_PATTERN_LENGTH} characters`);
    }
  }

  // A schema that needs its own answer about the same value never gives one.
  #findCircles(): void {
    const done = new Set<Json>();
    const open = new Set<Json>();
    const visit = (schema: Json, pointer: string): void => {
      if (!isMap(schema) || done.has(schema)) return;
      if (open.has(schema)) {
        this.#add(pointer, 'refers to itself without a step into the value');
        return;
      }
      open.add(schema);
      for (const sub of subschemasOf(schema)) {
        if (sub.inPlace) visit(sub.schema, pointer + sub.pointer);
      }
      const target = targetOf(this.#root, schema['$ref']);
      if (target !== undefined) visit(target, `${pointer}/$ref`);
      open.delete(schema);
      done.add(schema);
    };
    const all = (schema: Json, pointer: string): void => {
      visit(schema, pointer);
      if (!isMap(schema)) return;
      for (const sub of subschemasOf(schema)) all(sub.schema, pointer + sub.pointer);
    };
    all(this.#root, '');
  }

  #add(pointer: string, problem: string): void {
    this.#problems.push({ pointer, problem });
  }
}

/** The schema that a `$ref` of `root` leads to; undefined for anything but `#` and `#/$defs/NAME`. */
export function targetOf(root: JsonMap, $ref: Json | undefined): Json | undefined {
  if (typeof $ref !== 'string') return undefined;
  const found = LOCAL_REF.exec($ref);
  if (found === null) return undefined;
  const name = found[1];
  if (name === undefined) return root;
  const { $defs } = root;
  return isMap($defs) ? member($defs, name) : undefined;
}

function depthOf(value: Json): number {
  let depth = 0;
  let level: readonly Json[] = [value];
  while (level.length > 0 && depth <= MAX_SCHEMA_NESTING) {
    level = level.flatMap((one) => (isList(one) ? one : isMap(one) ? Object.values(one) : []));
    if (level.length > 0) depth += 1;
  }
  return depth;
}
