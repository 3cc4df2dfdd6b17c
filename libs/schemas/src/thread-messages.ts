import type { Violation } from '@nova/errors';
import type { SchemaProblem } from './check-schema.ts';
import type {
  Compatibility,
  Incompatibility,
  SchemaVersion,
} from './compatibility/judge-change.ts';
import type { JsonMap } from './json.ts';

/** What the thread is asked. */
export type Question =
  /** Whether a text is a valid schema whose patterns RE2 takes. */
  | { readonly kind: 'compile'; readonly schema: string }
  | {
      readonly kind: 'judge';
      readonly rule: Compatibility;
      readonly earlier: readonly SchemaVersion[];
      readonly next: JsonMap;
    }
  /** Whether payloads (JSON texts) keep to the schema known as `name`. */
  | {
      readonly kind: 'validate';
      readonly name: string;
      /** Given unless this thread has it. */
      readonly schema: string | undefined;
      readonly payloads: readonly string[];
    };

/** The thread's answer to the question before. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'compiled'; readonly problems: readonly SchemaProblem[] }
  | { readonly kind: 'judged'; readonly found: readonly Incompatibility[] }
  /** In the order of the payloads; empty lists are good news. */
  | { readonly kind: 'validated'; readonly violations: readonly (readonly Violation[])[] };
