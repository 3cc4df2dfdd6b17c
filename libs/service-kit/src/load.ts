import { type Environment, loadConfig, type Settings } from '@nova/config';
import type { Config, ServiceDefinition } from './define.ts';
import { type Addresses, addressesOf, type KitSettings, kitSettings } from './settings.ts';

/** The settings of a process as read from its environment. */
export interface Loaded<S extends Settings> {
  readonly declared: S & KitSettings;
  readonly config: Config<S>;
  readonly addresses: Addresses;
}

/** All settings of a definition: the kit's and its own, whose names may not clash. */
export function declaredSettings<S extends Settings>(
  definition: ServiceDefinition<S>,
): S & KitSettings {
  const kit = kitSettings(definition.ports);
  const clash = Object.keys(kit).find((name) => name in definition.settings);
  if (clash !== undefined) throw new TypeError(`setting ${clash} is already one of the kit`);
  return { ...definition.settings, ...kit };
}

/**
 * Reads and checks everything once.
 *
 * @throws CONFIG_INVALID with every problem of the service's and the kit's settings.
 */
export function loadService<S extends Settings>(
  definition: ServiceDefinition<S>,
  environment: Environment,
): Loaded<S> {
  const declared = declaredSettings(definition);
  const values = loadConfig<S & KitSettings>(declared, definition.rules ?? [], environment);
  // The values of an intersection are those of its parts, which the compiler cannot work out for a
  // generic S.
  const config = values as unknown as Config<S>;
  return { declared, config, addresses: addressesOf(definition.ports, config) };
}
