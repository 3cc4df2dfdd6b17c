import {
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';

/** A certificate and its key (PEM), made for a spec. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateSubject {
  readonly commonName: string;
  /** Alternative names. */
  readonly dnsNames?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly usage?: readonly ('client' | 'server')[];
}

/** An authority that signs certificates: Node can read X.509 but not make it, so its DER is here. */
export interface TestAuthority {
  /** Its own certificate (PEM). */
  readonly cert: string;
  issue(subject: CertificateSubject): TestCertificate;
}

const DAY_MS = 86_400_000;
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));
const USAGE = { server: oid('2b06010505070301'), client: oid('2b06010505070302') } as const;

/** Makes an authority with a key of its own. */
export function testAuthority(commonName = 'nova spec authority'): TestAuthority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = nameOf(commonName);
  const own = signed({ subject: name, issuer: name, publicKey, signer: privateKey }, [
    extension('551d13', sequence(tlv(0x01, Buffer.from([0xff]))), true),
  ]);
  return {
    cert: own,
    issue(subject) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const names = (subject.dnsNames ?? []).map((dns) => tlv(0x82, Buffer.from(dns, 'latin1')));
      // Every server here is on this machine.
      names.push(tlv(0x87, Buffer.from([127, 0, 0, 1])));
      const usage = (subject.usage ?? ['client', 'server']).map((one) => USAGE[one]);
      const cert = signed(
        {
          subject: nameOf(subject.commonName),
          issuer: name,
          publicKey: pair.publicKey,
          signer: privateKey,
          ...(subject.notBefore && { notBefore: subject.notBefore }),
          ...(subject.notAfter && { notAfter: subject.notAfter }),
        },
        [extension('551d11', sequence(...names)), extension('551d25', sequence(...usage))],
      );
      return { cert, key: pem(pair.privateKey) };
    },
  };
}

interface Signing {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

function signed(given: Signing, extensions: readonly Buffer[]): string {
  const { notBefore = new Date(Date.now() - DAY_MS), notAfter = new Date(Date.now() + DAY_MS) } =
    given;
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_SHA256,
    given.issuer,
    sequence(utcTime(notBefore), utcTime(notAfter)),
    given.subject,
    given.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, given.signer);
  const der = sequence(body, ECDSA_SHA256, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return new X509Certificate(der).toString();
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function nameOf(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid('550403'), tlv(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [tlv(0x01, Buffer.from([0xff]))] : [];
  return sequence(oid(id), ...flag, tlv(0x04, value));
}

function utcTime(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'));
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x30, ...parts);
}

function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), value]);
}
