import { isList, isMap, type JsonMap } from '../json.ts';
import { boundFaults, keepsPattern, type Written } from './constraints.ts';
import {
  conjunctsOf,
  elementOf,
  includes,
  namesOf,
  otherPropertiesOf,
  type Place,
  propertyOf,
  requiredOf,
  smallest,
  TYPES,
  typesOf,
  valuesIn,
  valuesOf,
} from './facts.ts';
import { type Finding, propertyPath, unique } from './finding.ts';
import { SchemaIndex } from './schema-index.ts';
import { branchesOf, pick, shown, strangeWords, WHOLE } from './words.ts';

/** Comparisons of one judgement; branches multiply. */
const MAX_STEPS = 2_000;
const MAX_FINDINGS = 50;

/**
 * Whether readers who go by `reader` understand everything that `writer` lets through. Readers
 * ignore properties that their schema does not name (`additionalProperties: false` binds writers
 * only), and take `oneOf` for `anyOf`. An empty list is a proof; a finding is a doubt at least:
 *
 *   judged     types, enum, const, ranges, lengths, sizes, multipleOf, pattern (two that differ
 *              count as different texts),
 *              properties, required, additionalProperties, items, prefixItems, uniqueItems, $ref
 *              within the document, allOf, anyOf, oneOf
 *   compared   not, if, contains, propertyNames, dependent…: understood when written alike
 *   unjudged   patternProperties, unevaluated…: unless the schema around them is written alike
 */
export function understood(writer: JsonMap, reader: JsonMap): readonly Finding[] {
  const judgement = new Judgement({ index: new SchemaIndex(writer, reader), steps: 0 }, []);
  try {
    judgement.compare(
      [{ schema: writer, root: writer }],
      { schema: reader, root: reader },
      'payload',
    );
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return [
      { path: 'payload', verdict: 'unjudged', message: 'the schemas are too entangled to compare' },
    ];
  }
  return unique(judgement.findings);
}

/** What a judgement shares with those that it tries out. */
interface Shared {
  readonly index: SchemaIndex;
  steps: number;
}

/** Walks both schemas at once. What it finds goes to `findings`. */
class Judgement {
  readonly findings: Finding[] = [];
  readonly #shared: Shared;
  // Pairs in work or done. A recursion that comes back to one adds nothing: what is wrong with the
  // pair is found where it is in work.
  readonly #pairs: Set<string>;

  constructor(shared: Shared, pairs: Iterable<string>) {
    this.#shared = shared;
    this.#pairs = new Set(pairs);
  }

  compare(writer: readonly Place[], reader: Place, path: string): void {
    if (this.#seen(writer, reader) || this.findings.length >= MAX_FINDINGS) return;
    this.#shared.steps += 1;
    if (this.#shared.steps > MAX_STEPS) throw new RangeError('too many comparisons');
    const conjuncts = conjunctsOf(writer);
    if (conjuncts === false) return;
    const types = typesOf(conjuncts);
    const values = valuesOf(conjuncts, types);
    if (types.size === 0 || values?.length === 0) return;
    const wanted = conjunctsOf([reader]);
    if (wanted === false) {
      this.#add(path, 'breaks', 'nothing is understood here any more');
      return;
    }
    const written = { conjuncts, types, values };
    for (const place of wanted) {
      if (!conjuncts.some((one) => this.#shared.index.isAlike(one.schema, place.schema))) {
        this.#split(written, place, path);
      }
    }
  }

  // Each branch that a writer may take is judged for itself.
  #split(written: Written, reader: Place & { schema: JsonMap }, path: string): void {
    const index = written.conjuncts.findIndex(({ schema }) => branchesOf(schema) !== undefined);
    const chosen = written.conjuncts[index];
    const branches = chosen && branchesOf(chosen.schema);
    if (chosen === undefined || branches === undefined) {
      this.#judge(written, reader, path);
      return;
    }
    const others = written.conjuncts.filter((_, at) => at !== index);
    const { root } = chosen;
    for (const branch of branches.schemas) {
      this.compare(
        [...others, { schema: branches.rest, root }, { schema: branch, root }],
        reader,
        path,
      );
    }
  }

  #judge(written: Written, reader: Place & { schema: JsonMap }, path: string): void {
    const { schema, root } = reader;
    this.#types(written, schema, path);
    for (const fault of boundFaults(written, schema)) this.#add(path, 'breaks', fault);
    this.#pattern(written, schema, path);
    if (written.types.has('object')) this.#object(written, reader, path);
    if (written.types.has('array')) this.#array(written, reader, path);
    for (const words of WHOLE) this.#whole(written, schema, words, path);
    if (
      ['patternProperties', 'unevaluatedProperties', 'unevaluatedItems'].some(
        (word) => word in schema,
      )
    ) {
      this.#add(path, 'unjudged', 'patternProperties and unevaluated… cannot be judged');
    }
    for (const word of ['anyOf', 'oneOf']) {
      const branches = schema[word];
      if (isList(branches))
        this.#anyOf(
          written,
          branches.map((one) => ({ schema: one, root })),
          path,
        );
    }
    const unknown = strangeWords(schema);
    if (unknown.length > 0) this.#add(path, 'unjudged', `${unknown.join(', ')} cannot be judged`);
  }

  #types({ types, values }: Written, schema: JsonMap, path: string): void {
    const allowed = valuesIn(schema);
    if (allowed !== undefined) {
      const strange = values?.find((value) => !includes(allowed, value));
      if (values === undefined) this.#add(path, 'breaks', 'only certain values are understood');
      else if (strange !== undefined) {
        this.#add(path, 'breaks', `${shown(strange)} is not among the values that are understood`);
      }
    }
    const understoodTypes = typesOf([
      { schema: { type: schema['type'] ?? [...types] }, root: schema },
    ]);
    const strange = [...types].filter((type) => !understoodTypes.has(type));
    if (schema['type'] === undefined || strange.length === 0) return;
    const given =
      types.size === TYPES.length
        ? 'anything else (additional properties are allowed)'
        : strange.join(', ');
    this.#add(path, 'breaks', `${given} is not understood, only ${shown(schema['type'])}`);
  }

  #pattern(written: Written, { pattern }: JsonMap, path: string): void {
    if (typeof pattern === 'string' && !keepsPattern(written, pattern)) {
      this.#add(path, 'breaks', `pattern ${shown(pattern)} is not kept`);
    }
  }

  #object(
    { conjuncts }: Written,
    { schema, root }: Place & { schema: JsonMap },
    path: string,
  ): void {
    const required = requiredOf(conjuncts);
    for (const name of requiredOf([{ schema, root }])) {
      if (!required.has(name))
        this.#add(propertyPath(path, name), 'breaks', 'is required, but may be absent');
    }
    const properties = isMap(schema['properties']) ? schema['properties'] : {};
    for (const [name, wanted] of Object.entries(properties)) {
      this.compare(propertyOf(conjuncts, name), { schema: wanted, root }, propertyPath(path, name));
    }
    const { additionalProperties: others } = schema;
    // `false` binds writers; readers ignore what they do not know.
    if (others === undefined || others === false) return;
    for (const name of namesOf(conjuncts).filter((one) => !Object.hasOwn(properties, one))) {
      this.compare(propertyOf(conjuncts, name), { schema: others, root }, propertyPath(path, name));
    }
    this.compare(otherPropertiesOf(conjuncts), { schema: others, root }, `${path}[…]`);
  }

  #array(
    { conjuncts }: Written,
    { schema, root }: Place & { schema: JsonMap },
    path: string,
  ): void {
    const most = smallest(conjuncts, 'maxItems') ?? Number.POSITIVE_INFINITY;
    const isUnique = conjuncts.some(
      (one) => isMap(one.schema) && one.schema['uniqueItems'] === true,
    );
    if (schema['uniqueItems'] === true && !isUnique && most > 1) {
      this.#add(path, 'breaks', 'uniqueItems is not kept');
    }
    const first = isList(schema['prefixItems']) ? schema['prefixItems'] : [];
    const { items } = schema;
    // Behind the longest prefix all elements are alike.
    const prefixes = conjuncts.map((one) =>
      isMap(one.schema) ? one.schema['prefixItems'] : undefined,
    );
    const longest = Math.max(
      first.length,
      ...prefixes.map((one) => (isList(one) ? one.length : 0)),
    );
    for (let index = 0; index <= longest && index < most; index += 1) {
      const wanted = first[index] ?? items;
      if (wanted === undefined) continue;
      const at = index === longest ? `${path}[]` : `${path}[${index}]`;
      this.compare(elementOf(conjuncts, index), { schema: wanted, root }, at);
    }
  }

  #whole({ conjuncts }: Written, schema: JsonMap, words: readonly string[], path: string): void {
    const wanted = pick(schema, words);
    if (Object.keys(wanted).length === 0) return;
    const isWritten = conjuncts.some(
      (one) => isMap(one.schema) && this.#shared.index.isAlike(pick(one.schema, words), wanted),
    );
    if (!isWritten)
      this.#add(path, 'unjudged', `${words[0]} can only be judged when it stays as it is`);
  }

  #anyOf(written: Written, branches: readonly Place[], path: string): void {
    const tries = branches.map((branch) => this.#try([...written.conjuncts], branch, path));
    if (tries.some((found) => found.length === 0)) return;
    // One branch may take the texts, another one the numbers.
    const byType = [...written.types].filter(
      (type) => type !== 'integer' || !written.types.has('number'),
    );
    const isSplit =
      byType.length > 1 &&
      byType.every((type) => {
        const only = { schema: { type } as JsonMap, root: {} };
        return branches.some(
          (one) => this.#try([...written.conjuncts, only], one, path).length === 0,
        );
      });
    if (isSplit) return;
    const isEach = written.values?.every((value) => {
      const only = { schema: { const: value } as JsonMap, root: {} };
      return branches.some((one) => this.#try([only], one, path).length === 0);
    });
    if (isEach === true) return;
    const isBroken = tries.every((found) => found.some(({ verdict }) => verdict === 'breaks'));
    this.#add(path, isBroken ? 'breaks' : 'unjudged', 'no branch understands everything');
  }

  // What a comparison would find, without keeping it.
  #try(writer: readonly Place[], reader: Place, path: string): readonly Finding[] {
    const judgement = new Judgement(this.#shared, this.#pairs);
    judgement.compare(writer, reader, path);
    return judgement.findings;
  }

  #seen(writer: readonly Place[], reader: Place): boolean {
    const key = `${writer.map(({ schema }) => this.#shared.index.idOf(schema)).join()}|${this.#shared.index.idOf(reader.schema)}`;
    if (this.#pairs.has(key)) return true;
    this.#pairs.add(key);
    return false;
  }

  #add(path: string, verdict: Finding['verdict'], message: string): void {
    this.findings.push({ path, verdict, message });
  }
}
