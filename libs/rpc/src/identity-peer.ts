import { X509Certificate } from 'node:crypto';
import { isServiceName } from './identity.ts';

/** A service and the DNS name that its client certificate has. */
export interface ServicePeer {
  readonly service: string;
  readonly dnsName: string;
}

const DNS_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Whether a text can be the DNS name of a peer: lower case, no wildcard. */
export function isPeerName(text: string): boolean {
  return DNS_NAME.test(text);
}

/** `<service>=<DNS name>`; undefined when it is not of this form. */
export function parseServicePeer(text: string): ServicePeer | undefined {
  const [service = '', dnsName = '', ...more] = text.split('=');
  if (more.length > 0 || !isServiceName(service) || !isPeerName(dnsName)) return undefined;
  return { service, dnsName };
}

/**
 * Whether a verified certificate has this DNS name among its alternative names, as it stands: a
 * wildcard in it stands for nothing, and the common name counts for nothing.
 */
export function hasName(certificate: Uint8Array, dnsName: string): boolean {
  const x509 = new X509Certificate(certificate);
  const found = x509.checkHost(dnsName, {
    subject: 'never',
    wildcards: false,
    partialWildcards: false,
  });
  return found !== undefined;
}
