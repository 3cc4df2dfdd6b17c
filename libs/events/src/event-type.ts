import type { DescField, DescMessage } from '@nova/proto/runtime';
import type { FieldForm } from './field-form.ts';

/** How the aggregate id of an event type is made. */
export type KeyRule =
  /** Any canonical UUID. */
  | { readonly kind: 'uuid' }
  /** The value of a payload field. */
  | { readonly kind: 'field'; readonly field: string }
  /** The UUIDv5 of a name with payload fields in braces. */
  | { readonly kind: 'derived'; readonly name: string; readonly fields: readonly string[] }
  /** That of the two members where the conversation is direct, else any canonical UUID. */
  | {
      readonly kind: 'direct_pair';
      readonly kindField: string;
      readonly creatorField: string;
      readonly membersField: string;
    };

/** A field of a payload with its rules. */
export interface EventField {
  /** snake_case, as in the stored payload. */
  readonly name: string;
  readonly desc: DescField;
  readonly form: FieldForm;
  readonly required: boolean;
  /** The only texts allowed; empty: any. */
  readonly values: readonly string[];
  /** Becomes null when its subject is erased. */
  readonly personal: boolean;
  /** Equals the aggregate id. */
  readonly aggregateId: boolean;
  /** Must be a canonical UUID; of a list, each element. */
  readonly uuid: boolean;
  readonly maxItems: number | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
}

/** A row of the catalogue. */
export interface EventType {
  /** snake_case, for example message_created. */
  readonly type: string;
  readonly aggregateType: string;
  /** Service that normally appends it, or "external". */
  readonly owner: string;
  /** Its owner is not built yet: the schema may still change. */
  readonly draft: boolean;
  readonly schemaVersion: number;
  readonly topic: string;
  readonly consumers: readonly string[];
  readonly keyRule: KeyRule;
  /** In the order of their numbers. */
  readonly fields: readonly EventField[];
  /**
   * Field with the user whom the personal fields are about, or "aggregate_id"; undefined where no
   * field is personal.
   */
  readonly subject: string | undefined;
  readonly message: DescMessage;
}
