/**
 * Views as pure folds.
 */
export { decodeEvent } from './decode-event.ts';
export { errors } from './errors.ts';
export {
  defineView,
  eventTypesOf,
  type Fold,
  type Handler,
  type Key,
  on,
  type View,
  type ViewDefinition,
} from './view.ts';
export type { ViewEvent } from './view-event.ts';
