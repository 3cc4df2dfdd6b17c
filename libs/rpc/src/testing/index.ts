/**
 * For specs that need callers of every kind: certificates and tokens without other programs, and a
 * connection that sends what no honest client sends; a fuzzer made of them; and a client that is patient
 * with views.
 */
export {
  type CertificateSubject,
  type TestAuthority,
  type TestCertificate,
  testAuthority,
} from './certificates.ts';
export { type FuzzFinding, type FuzzOptions, type FuzzReport, fuzz } from './fuzz.ts';
export { patientClient } from './patient-client.ts';
export {
  answerOf,
  frame,
  messagesOf,
  type RawAnswer,
  type RawConnection,
  rawConnection,
} from './raw-call.ts';
export { jwksOf, type TestKey, testKey, tokenOf } from './tokens.ts';
