import type { ConnectionOptions } from 'node:tls';
import type { TlsOptions } from './options.ts';

/** What `node:tls` calls the options of this lib. */
export function tlsOptions({ ca, certificate, key }: TlsOptions): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
  };
}
