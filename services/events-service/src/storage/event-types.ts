import { isNovaError, messageOf, type Violation } from '@nova/errors';
import { type AcceptedPayload, acceptAnyPayload, canonicalJson } from '@nova/events';
import { loop, type Part } from '@nova/lifecycle';
import type { Database } from '@nova/postgres';
import type { JsonObject } from '@nova/proto/runtime';
import type { Validator } from '@nova/schemas';
import type { Logger } from '@nova/telemetry';
import { Signal } from '@nova/time';
import type { GivenEvent } from '../domain/accept-event.ts';
import { type KnownTypes, knownTypes, ownTypes } from '../domain/known-types.ts';
import { type RegisteredSchema, SCHEMA_CHANNEL, schemasSince } from './event-schemas.ts';

/** A lost notification costs at most this time. */
const LOOK_EVERY_MS = 5_000;

/** The event types that this instance knows, which learns of new ones while it runs. */
export interface EventTypes {
  readonly parts: readonly Part[];
  /** Those known now. */
  readonly current: KnownTypes;
  /** The same, after a look at what is registered when one of the names is not known. */
  know(names: readonly string[]): Promise<KnownTypes>;
  /**
   * Those that these events may be of, with a judgement on the payloads of registered types. Where
   * no event is of such a type nothing is waited for but a name that is not known.
   *
   * @throws SCHEMA_CHECK_OVERRUN, SCHEMA_CHECK_LOST, SCHEMA_CHECKS_FULL
   */
  judge(events: readonly GivenEvent[]): Promise<KnownTypes>;
  /** Looks at what is registered now. */
  refresh(): Promise<void>;
}

interface Registered {
  readonly schemas: ReadonlyMap<string, RegisteredSchema>;
  readonly aggregateTypes: ReadonlySet<string>;
}

const NOTHING: Registered = { schemas: new Map(), aggregateTypes: new Set() };

type Verdicts = ReadonlyMap<JsonObject, AcceptedPayload>;

/**
 * Keeps the registered types in memory:
 *
 *   notification, 5 s, an unknown name, a payload that was refused ──▶ refresh ──▶ newer rows are read
 *
 * So an event of a type that another instance has just registered is taken, and one that only the
 * newest schema allows is not refused; one that only the schema before allowed may be taken until
 * the notification is here. Each event names the version that it was judged by.
 */
export function createEventTypes(given: {
  readonly database: Database;
  readonly validator: Validator;
  readonly logger: Logger;
}): EventTypes {
  const { validator } = given;
  const learnt = createLearner(given);
  const know = async (names: readonly string[]): Promise<KnownTypes> => {
    const isKnown = (name: string) => name === '' || 'eventType' in learnt.current.resolve(name);
    if (!names.every(isKnown)) await learnt.refresh();
    return learnt.current;
  };
  const judge = async (events: readonly GivenEvent[]): Promise<KnownTypes> => {
    await know(events.map(({ eventType }) => eventType));
    const first = learnt.registered;
    const verdicts = await verdictsOn(validator, first, events);
    if (verdicts.size === 0) return learnt.current;
    const isRefused = [...verdicts.values()].some(({ ok }) => !ok);
    if (isRefused) await learnt.refresh();
    const second = learnt.registered;
    if (!isRefused || second === first) return typesFor(first, verdicts);
    return typesFor(second, await verdictsOn(validator, second, events));
  };
  return {
    parts: [validator.part, ...learnt.parts],
    get current() {
      return learnt.current;
    },
    know,
    judge,
    refresh: learnt.refresh,
  };
}

interface Learner {
  readonly parts: readonly Part[];
  readonly registered: Registered;
  /** The catalogue and them. */
  readonly current: KnownTypes;
  refresh(): Promise<void>;
}

function createLearner(given: { readonly database: Database; readonly logger: Logger }): Learner {
  const { database } = given;
  const logger = given.logger.child({ component: 'event types' });
  const changed = new Signal();
  let revision = -1n;
  let registered = NOTHING;
  let current = ownTypes;
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    const found = await schemasSince(database, revision);
    if (found.revision === revision) return;
    revision = found.revision;
    const { length: count } = found.schemas;
    if (count === 0) return;
    registered = withMore(registered, found.schemas);
    current = typesFor(registered, new Map());
    logger.info({ count }, 'event types learnt');
  };
  // A look that began earlier may have read what was there before the caller's event type.
  const refresh = async (): Promise<void> => {
    await looking?.catch(() => {});
    looking ??= look().finally(() => {
      looking = undefined;
    });
    await looking;
  };
  const tell = () => changed.notify();
  const following = loop(
    'event types',
    async (signal) => {
      while (!signal.aborted) {
        await refresh().catch((thrown: unknown) => {
          const error_code = isNovaError(thrown) ? thrown.code : 'NOVA_INTERNAL_BUG';
          logger.warn({ error_code, reason: messageOf(thrown) }, 'event types not looked at');
        });
        await changed.wait(LOOK_EVERY_MS, signal);
      }
    },
    (thrown) => logger.error({ err: thrown }, 'event types are not looked at any more'),
  );
  return {
    parts: [database.listen(SCHEMA_CHANNEL, tell), following],
    get registered() {
      return registered;
    },
    get current() {
      return current;
    },
    refresh,
  };
}

function withMore({ schemas }: Registered, more: readonly RegisteredSchema[]): Registered {
  const all = new Map(schemas);
  for (const schema of more) all.set(schema.eventType, schema);
  return {
    schemas: all,
    aggregateTypes: new Set([...all.values()].map(({ aggregateType }) => aggregateType)),
  };
}

function typesFor({ schemas, aggregateTypes }: Registered, verdicts: Verdicts): KnownTypes {
  return knownTypes({
    aggregateTypes,
    get(name) {
      const schema = schemas.get(name);
      if (schema === undefined) return undefined;
      const { eventType: type, aggregateType, version: schemaVersion } = schema;
      const accept = ({ payload }: { readonly payload: JsonObject }) => {
        const verdict = verdicts.get(payload);
        if (verdict === undefined) throw new TypeError(`a payload of ${type} was not judged`);
        return verdict;
      };
      return { type, aggregateType, schemaVersion, accept };
    },
  });
}

async function verdictsOn(
  validator: Validator,
  { schemas }: Registered,
  events: readonly GivenEvent[],
): Promise<Verdicts> {
  const verdicts = new Map<JsonObject, AcceptedPayload>();
  const byType = new Map<RegisteredSchema, { payload: JsonObject; accepted: Accepted }[]>();
  for (const { eventType, aggregateId, payload } of events) {
    const schema = schemas.get(eventType);
    if (schema === undefined || payload === undefined) continue;
    const accepted = acceptAnyPayload({ aggregateId, payload });
    verdicts.set(payload, accepted);
    if (!accepted.ok) continue;
    const list = byType.get(schema) ?? [];
    list.push({ payload, accepted });
    byType.set(schema, list);
  }
  for (const [schema, list] of byType) {
    const texts = list.map(({ payload }) => canonicalJson(payload));
    const name = `${schema.eventType}:${schema.version}`;
    const found = await validator.validate(name, schema.schemaText, texts);
    list.forEach(({ payload, accepted }, index) => {
      verdicts.set(payload, verdictOf(accepted, texts[index] ?? '', found[index] ?? []));
    });
  }
  return verdicts;
}

type Accepted = Extract<AcceptedPayload, { ok: true }>;

// Canonical, so that the same payload from another client is the same content.
function verdictOf(
  { aggregateId }: Accepted,
  text: string,
  violations: readonly Violation[],
): AcceptedPayload {
  return violations.length === 0
    ? { ok: true, aggregateId, payload: new TextEncoder().encode(text) }
    : { ok: false, violations: [...violations] };
}
