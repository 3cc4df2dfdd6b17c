/**
 * For specs that need callers of every kind: certificates and tokens without other programs, and a
 * connection that sends what no honest client sends.
 */
export {
  type CertificateSubject,
  type TestAuthority,
  type TestCertificate,
  testAuthority,
} from './certificates.ts';
export {
  answerOf,
  frame,
  messagesOf,
  type RawAnswer,
  type RawConnection,
  rawConnection,
} from './raw-call.ts';
export { jwksOf, type TestKey, testKey, tokenOf } from './tokens.ts';
