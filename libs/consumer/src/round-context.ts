import type { RoundContext } from './commit-round.ts';
import type { ConsumerContext } from './context.ts';
import type { Generation } from './generation.ts';
import type { Intake } from './intake.ts';
import { consumerVersion } from './parking/consumer-version.ts';
import { schemasOf } from './schemas.ts';

/** What rounds of a generation are committed with. */
export function roundContextOf(
  { database, definition, epochs, settings, room }: ConsumerContext,
  generation: Generation,
  intake: Intake,
): RoundContext {
  return {
    database,
    generation,
    intake,
    epochs,
    room,
    effects: definition.effects,
    effectScope: `${definition.service}.${definition.name}`,
    consumerVersion: consumerVersion(settings.version, definition),
    schemas: schemasOf(definition),
  };
}
