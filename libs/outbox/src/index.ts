export type {
  Appended,
  AppendRefusal,
  AppendUnit,
  Condition,
  NewEvent,
  RequestKey,
  UnitResult,
} from './unit.ts';

/** Where the migrations of the log are. */
export const outboxMigrations = new URL('../migrations/', import.meta.url);
