/**
 * Errors are data: each package declares a table (`defineErrors`) and throws `NovaError` with one
 * of its rows. The status a caller sees, whether a retry helps and what an operator should do come
 * from the row, never from the text.
 */
export {
  type Blame,
  defineErrors,
  type ErrorKind,
  type ErrorRow,
  type RetryClass,
  reasonOf,
  type Status,
} from './catalogue.ts';
export { messageOf } from './describe.ts';
export { errors } from './errors.ts';
export {
  type ErrorOptions,
  type ErrorParams,
  isNovaError,
  NovaError,
  type Violation,
} from './nova-error.ts';
