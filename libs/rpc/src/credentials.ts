import { readFileSync } from 'node:fs';
import type { Rule } from '@nova/config';
import { messageOf } from '@nova/errors';
import type { ClientConfig, clientSettings } from './settings.ts';
import { WatchedFile } from './watched-file.ts';

/** What a client shows to servers. */
export interface ClientCredentials {
  /** Headers of the next call. */
  headers(): Readonly<Record<string, string>>;
  /** PEM texts; undefined: plaintext. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
}

/** How the settings of a client belong together. */
export const clientRules: readonly Rule<typeof clientSettings>[] = [
  ({ tlsCertFile, tlsKeyFile }) =>
    (tlsCertFile === undefined) === (tlsKeyFile === undefined)
      ? undefined
      : 'NOVA_TLS_CERT_FILE and NOVA_TLS_KEY_FILE must be set together',
  ({ tlsCertFile, tlsCaFile }) =>
    tlsCertFile !== undefined && tlsCaFile === undefined
      ? 'NOVA_TLS_CERT_FILE needs NOVA_TLS_CA_FILE: without it calls do not use TLS'
      : undefined,
  (config) => {
    try {
      clientCredentials(config);
      return undefined;
    } catch (thrown) {
      return `a file of NOVA_TLS_… or NOVA_TOKEN_FILE cannot be used: ${messageOf(thrown)}`;
    }
  },
];

/** True when there is something that proves who calls. */
export function provesIdentity({ token, tlsCertFile }: ClientConfig): boolean {
  return token !== undefined || tlsCertFile !== undefined;
}

/**
 * The credentials that are configured. A token in a file is read again when the file changes;
 * certificates are those of the start.
 */
export function clientCredentials(config: ClientConfig): ClientCredentials {
  const { token, tokenFile, tlsCaFile, tlsCertFile, tlsKeyFile } = config;
  const file = tokenFile === undefined ? undefined : new WatchedFile(tokenFile);
  const present = () => file?.read().text.trim() ?? token;
  return {
    headers() {
      const now = present();
      return now === undefined ? {} : { authorization: `Bearer ${now}` };
    },
    ...(tlsCaFile === undefined
      ? {}
      : {
          tls: {
            ca: readFileSync(tlsCaFile, 'utf8'),
            ...(tlsCertFile === undefined || tlsKeyFile === undefined
              ? {}
              : {
                  cert: readFileSync(tlsCertFile, 'utf8'),
                  key: readFileSync(tlsKeyFile, 'utf8'),
                }),
          },
        }),
  };
}
