import { type Environment, loadConfig } from '@nova/config';
import { type ClientCredentials, clientCredentials, clientRules, clientSettings } from '@nova/rpc';

/**
 * What the command line shows to services: NOVA_TOKEN or NOVA_TOKEN_FILE, and NOVA_TLS_…; nothing
 * where none is set, as in front of a stack in development mode.
 *
 * @throws CONFIG_INVALID when a file cannot be used.
 */
export function callerCredentials(environment: Environment): ClientCredentials {
  return clientCredentials(loadConfig(clientSettings, clientRules, environment));
}
