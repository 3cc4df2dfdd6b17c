/**
 * JSON Schema 2020-12 for the event types of other teams: which schemas are taken, whether a new
 * version may follow the old ones, whether a payload keeps to its schema, and the AsyncAPI document
 * of a whole catalogue.
 *
 *   checkSchema       what any schema must keep to; pure
 *   judgeChange       the compatibility rules, by comparing schemas; pure
 *   createValidator   ajv with RE2 in a thread of its own, with a time limit
 *
 * ajv and re2js are imported here only; what others wrote is run in the thread only.
 */
export { type AsyncApiFrame, asyncApiDocument, type DescribedType } from './async-api.ts';
export { checkSchema, MAX_SCHEMA_BYTES, type SchemaProblem } from './check-schema.ts';
export type { Finding } from './compatibility/finding.ts';
export {
  COMPATIBILITIES,
  type Compatibility,
  type Incompatibility,
  judgeChange,
  type SchemaVersion,
} from './compatibility/judge-change.ts';
export { onlyFields } from './compatibility/only-fields.ts';
export { understood } from './compatibility/understood.ts';
export { errors } from './errors.ts';
export { isMap, type Json, type JsonMap } from './json.ts';
export { createValidator, type Validator } from './validator.ts';
