/**
 * Views as pure folds: `(row or nothing, event) → row or nothing`, per view key, each row from
 * exactly one aggregate, whose id begins the key.
 *
 *   defineView, on, onRegistered   how a service declares a view
 *   createGenerationSchema, describeTable   its tables, in a schema per generation
 *   decodeEvent → planEvent → RowSet.load → applyEvent … → RowSet.save   a round
 *
 * A round reads each view once and writes it once, however many events it holds; several events of
 * a row are folded one after the other in memory. Nothing here knows Kafka, marks or failures: that
 * is libs/consumer.
 */
export { applyEvent, type PlannedEvent, planEvent, type RowStep } from './apply.ts';
export { decodeEvent } from './decode-event.ts';
export { errors } from './errors.ts';
export {
  createGenerationSchema,
  definitionHash,
  describeTables,
  dropGenerationSchema,
  generationSchema,
  useGeneration,
} from './generation.ts';
export { onRegistered, type RegisteredType } from './on-registered.ts';
export {
  type PayloadForm,
  type PayloadReader,
  payloadFormsOf,
} from './payload-form.ts';
export { type RowChange, type RowName, RowSet, rowName } from './row-set.ts';
export {
  defineView,
  eventTypesOf,
  type FieldOf,
  type Fold,
  type Handler,
  type Key,
  on,
  type Reading,
  readFields,
  type SeenEvent,
  type View,
  type ViewDefinition,
} from './view.ts';
export type { ViewEvent } from './view-event.ts';
export type { StoredRow, ViewTable } from './view-table.ts';
