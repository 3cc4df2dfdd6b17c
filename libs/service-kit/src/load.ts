import { type Environment, loadConfig, type Rule, type Settings } from '@nova/config';
import type { Config, ServiceDefinition } from './define.ts';
import { type Addresses, addressesOf, type KitSettings, kitRules, settings } from './settings.ts';

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
  const clash = Object.keys(settings).find((name) => name in definition.settings);
  if (clash !== undefined) throw new TypeError(`setting ${clash} is already one of the kit`);
  return { ...definition.settings, ...settings };
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
  // Rules look at the settings they were written for; those of the service come on top.
  const rules = [
    ...(kitRules as unknown as readonly Rule<S & KitSettings>[]),
    ...(definition.rules ?? []),
  ];
  const values = loadConfig<S & KitSettings>(declared, rules, environment);
  // The values of an intersection are those of its parts, which the compiler cannot work out for a
  // generic S.
  const given = values as unknown as Config<S>;
  const addresses = addressesOf(definition.ports, given);
  const filled = {
    grpcHost: addresses.ops.host,
    grpcPort: addresses.grpc?.port,
    opsPort: addresses.ops.port,
  };
  const config: Config<S> = { ...given, ...filled };
  Object.freeze(config);
  return { declared, config, addresses };
}
