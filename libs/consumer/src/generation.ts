import { NovaError } from '@nova/errors';
import type { LogPosition } from '@nova/events';
import { type Database, prepared, type Queryable, type Sql } from '@nova/postgres';
import {
  createGenerationSchema,
  definitionHash,
  describeTables,
  dropGenerationSchema,
  eventTypesOf,
  generationSchema,
  type ViewTable,
} from '@nova/projection';
import type { ConsumerDefinition } from './definition.ts';
import { errors } from './errors.ts';
import type { GenerationName } from './marks.ts';

// Statements are parsed once per connection but planned each time: a plan kept from when a view was
// empty would read the whole of it, round after round, until the server has looked at it again.
const enterSql = prepared(`
  SELECT state, set_config('search_path', $3, true),
         set_config('plan_cache_mode', 'force_custom_plan', true)
  FROM consumer_generations WHERE consumer = $1 AND generation = $2 AND state <> 'retired'`);
// A round names all its rows by their keys, so one plan is right whatever the tables hold: each key
// is looked up. Only it is left to choose, and it is kept: planning took half of the server's time.
const enterRoundSql = prepared(`
  SELECT state, set_config('search_path', $3, true),
         set_config('plan_cache_mode', 'force_generic_plan', true),
         set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
         set_config('enable_mergejoin', 'off', true)
  FROM consumer_generations WHERE consumer = $1 AND generation = $2 AND state <> 'retired'`);

/** A generation of a consumer's views, open for work. */
export interface Generation extends GenerationName {
  readonly schema: string;
  readonly tables: readonly ViewTable[];
  /** Subscribed event type → position at or below which its events count as applied. */
  readonly eventTypes: ReadonlyMap<string, bigint>;
  /** Events at or below have no effects. */
  readonly effectsFrom: LogPosition;
}

interface GenerationRow {
  readonly generation: number;
  readonly event_types: Readonly<Record<string, string>>;
  readonly definition_hash: string;
}

/** Every event type that the views or effects of a consumer are made from, sorted. */
export function subscribedTypes(definition: ConsumerDefinition): readonly string[] {
  const ofEffects = definition.effects.map(({ eventType }) => eventType);
  return [...new Set([...eventTypesOf(definition.views), ...ofEffects])].sort();
}

/**
 * Opens the generation that serves. The first start makes generation 1. Where views or event types
 * are other ones than the generation was made from, it refuses, or makes the next generation, which
 * serves at once (the old rows do not fit the new code) and is filled from the log.
 *
 * @param head of the log: a consumer's effects begin after it, unless `effectsFrom` says otherwise
 * @throws CONSUMER_DEFINITION_CHANGED, PROJECTION_VIEW_INVALID
 */
export async function openGeneration(
  database: Database,
  definition: ConsumerDefinition,
  options: {
    readonly head: LogPosition;
    readonly effectsFrom: 'head' | 'beginning';
    readonly mayRebuild: boolean;
  },
): Promise<Generation> {
  const { name: consumer } = definition;
  return database.transaction(async (tx) => {
    const { epoch, position } = options.head;
    const effectsFrom = options.effectsFrom === 'head' ? position : 0n;
    // The row is the lock under which generations are made: members start at the same time.
    await tx.query(
      `INSERT INTO consumers (consumer, effects_epoch, effects_from) VALUES ($1, $2, $3)
       ON CONFLICT DO NOTHING`,
      [consumer, epoch, effectsFrom],
    );
    await tx.query('SELECT 1 FROM consumers WHERE consumer = $1 FOR UPDATE', [consumer]);
    const serving = await readServing(tx, consumer);
    if (serving?.definition_hash === hashOf(definition)) return openRow(tx, definition, serving);
    if (serving !== undefined) {
      const { generation } = serving;
      if (!options.mayRebuild) {
        throw new NovaError(errors.CONSUMER_DEFINITION_CHANGED, { consumer, generation });
      }
      await retireServing(tx, { consumer, generation });
    }
    const made = await makeGeneration(tx, definition);
    await serve(tx, made);
    return made;
  });
}

/** The generation that serves, where it was made from this definition; changes nothing. */
export async function openServing(
  database: Database,
  definition: ConsumerDefinition,
): Promise<Generation | undefined> {
  return database.snapshot(async (tx) => {
    const serving = await readServing(tx, definition.name);
    const isOurs = serving?.definition_hash === hashOf(definition);
    return isOurs ? openRow(tx, definition, serving) : undefined;
  });
}

async function readServing(tx: Queryable, consumer: string): Promise<GenerationRow | undefined> {
  const [serving] = await tx.query<GenerationRow>(
    `SELECT generation, event_types, definition_hash FROM consumer_generations
     WHERE consumer = $1 AND state = 'serving'`,
    [consumer],
  );
  return serving;
}

function hashOf(definition: ConsumerDefinition): string {
  return definitionHash(definition.views, subscribedTypes(definition));
}

/**
 * Begins the next generation, empty, in state `building`. One that was begun before ends: whoever
 * asks last rebuilds.
 */
export async function beginGeneration(
  tx: Queryable,
  definition: ConsumerDefinition,
): Promise<Generation> {
  const { name: consumer } = definition;
  await tx.query('SELECT 1 FROM consumers WHERE consumer = $1 FOR UPDATE', [consumer]);
  await tx.query(
    `UPDATE consumer_generations SET state = 'retired', retired_at = clock_timestamp()
     WHERE consumer = $1 AND state = 'building'`,
    [consumer],
  );
  return makeGeneration(tx, definition);
}

/** Opens a generation that was begun before; undefined where it was for other views than these. */
export async function openBegun(
  tx: Queryable,
  definition: ConsumerDefinition,
  generation: number,
): Promise<Generation | undefined> {
  const { name: consumer } = definition;
  const [row] = await tx.query<GenerationRow>(
    `SELECT generation, event_types, definition_hash FROM consumer_generations
     WHERE consumer = $1 AND generation = $2 AND state = 'building'`,
    [consumer, generation],
  );
  return row?.definition_hash === hashOf(definition) ? openRow(tx, definition, row) : undefined;
}

async function makeGeneration(tx: Queryable, definition: ConsumerDefinition): Promise<Generation> {
  const { name: consumer } = definition;
  const eventTypes = subscribedTypes(definition);
  const [row] = await tx.query<GenerationRow>(
    `INSERT INTO consumer_generations (consumer, generation, state, event_types, definition_hash)
     SELECT $1, coalesce(max(generation), 0) + 1, 'building', $2, $3
     FROM consumer_generations WHERE consumer = $1
     RETURNING generation, event_types, definition_hash`,
    [
      consumer,
      JSON.stringify(Object.fromEntries(eventTypes.map((type) => [type, '0']))),
      definitionHash(definition.views, eventTypes),
    ],
  );
  if (row === undefined) throw new TypeError('no generation was made');
  const schema = generationSchema(consumer, row.generation);
  await dropGenerationSchema(tx, schema);
  const tables = await createGenerationSchema(tx, schema, definition.views);
  return read(tx, consumer, row, tables);
}

/**
 * Lets the generation that was built serve instead of the old one, once for everybody.
 *
 * @throws CONSUMER_GENERATION_RETIRED when another member was quicker with either of them.
 */
export async function switchGeneration(
  tx: Queryable,
  { old, made }: { readonly old: GenerationName; readonly made: GenerationName },
): Promise<void> {
  const { consumer } = made;
  await tx.query('SELECT 1 FROM consumers WHERE consumer = $1 FOR UPDATE', [consumer]);
  if (!(await retireServing(tx, old)) || !(await serve(tx, made))) {
    const { generation } = made;
    throw new NovaError(errors.CONSUMER_GENERATION_RETIRED, { consumer, generation });
  }
}

async function serve(tx: Queryable, { consumer, generation }: GenerationName): Promise<boolean> {
  const served = await tx.query(
    `UPDATE consumer_generations SET state = 'serving', served_at = clock_timestamp()
     WHERE consumer = $1 AND generation = $2 AND state = 'building' RETURNING 1`,
    [consumer, generation],
  );
  return served.length > 0;
}

/**
 * Ends a generation that serves. Its rows stay for members that do not know it yet;
 * {@link purgeRetired} takes them.
 */
async function retireServing(
  tx: Queryable,
  { consumer, generation }: GenerationName,
): Promise<boolean> {
  const retired = await tx.query(
    `UPDATE consumer_generations SET state = 'retired', retired_at = clock_timestamp()
     WHERE consumer = $1 AND generation = $2 AND state = 'serving' RETURNING 1`,
    [consumer, generation],
  );
  return retired.length > 0;
}

/** Number of the generation that serves, whoever made it; undefined before the first one. */
export async function servingNumber(
  database: Queryable,
  consumer: string,
): Promise<number | undefined> {
  const [row] = await database.query<{ generation: number }>(
    "SELECT generation FROM consumer_generations WHERE consumer = $1 AND state = 'serving'",
    [consumer],
  );
  return row?.generation;
}

/**
 * Begins a transaction's work on a generation: unqualified names mean its tables.
 *
 * @throws CONSUMER_GENERATION_RETIRED when it has ended meanwhile.
 */
export function enterGeneration(tx: Queryable, generation: Generation): Promise<void> {
  return enter(tx, generation, enterSql);
}

/** The same for a round, whose statements look up rows by their keys and nothing else. */
export function enterRound(tx: Queryable, generation: Generation): Promise<void> {
  return enter(tx, generation, enterRoundSql);
}

/**
 * What `work` answers, whose first statements travel with those that enter its generation. Where the
 * generation has ended, what became of them means nothing.
 */
export async function entered<T>(entering: Promise<void>, work: Promise<T>): Promise<T> {
  await Promise.allSettled([entering, work]);
  await entering;
  return work;
}

async function enter(
  tx: Queryable,
  { consumer, generation, schema }: Generation,
  sql: Sql,
): Promise<void> {
  const params = [consumer, generation, `"${schema}", public`];
  const [row] = await tx.query<{ state: string }>(sql, params);
  if (row === undefined) {
    throw new NovaError(errors.CONSUMER_GENERATION_RETIRED, { consumer, generation });
  }
}

async function openRow(
  tx: Queryable,
  definition: ConsumerDefinition,
  row: GenerationRow,
): Promise<Generation> {
  const { name: consumer, views } = definition;
  const tables = await describeTables(tx, generationSchema(consumer, row.generation), views);
  return read(tx, consumer, row, tables);
}

async function read(
  tx: Queryable,
  consumer: string,
  row: GenerationRow,
  tables: readonly ViewTable[],
): Promise<Generation> {
  const [first] = await tx.query<{ effects_epoch: string; effects_from: bigint }>(
    'SELECT effects_epoch, effects_from FROM public.consumers WHERE consumer = $1',
    [consumer],
  );
  return {
    consumer,
    generation: row.generation,
    schema: generationSchema(consumer, row.generation),
    tables,
    eventTypes: new Map(
      Object.entries(row.event_types).map(([type, from]) => [type, BigInt(from)]),
    ),
    effectsFrom: { epoch: first?.effects_epoch ?? '', position: first?.effects_from ?? 0n },
  };
}
