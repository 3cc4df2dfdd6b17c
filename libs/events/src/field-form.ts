import { type DescField, ScalarType } from '@nova/proto/runtime';

/** Forms of a payload field, of which each has one JSON form. */
export type FieldForm =
  | 'text'
  | 'truth'
  | 'integer'
  | 'long'
  | 'number'
  | 'time'
  | 'texts'
  | 'text_map'
  | 'json';

const SCALAR_FORMS: ReadonlyMap<ScalarType, FieldForm> = new Map([
  [ScalarType.STRING, 'text'],
  [ScalarType.BOOL, 'truth'],
  [ScalarType.INT32, 'integer'],
  [ScalarType.INT64, 'long'],
  [ScalarType.DOUBLE, 'number'],
]);
const MESSAGE_FORMS: Readonly<Record<string, FieldForm>> = {
  'google.protobuf.Timestamp': 'time',
  'google.protobuf.Struct': 'json',
};
/** The form of a field; undefined where payloads have none, such as enums and nested messages. */
export function formOf(desc: DescField): FieldForm | undefined {
  switch (desc.fieldKind) {
    case 'scalar':
      return SCALAR_FORMS.get(desc.scalar);
    case 'message':
      return MESSAGE_FORMS[desc.message.typeName];
    case 'list':
      return desc.listKind === 'scalar' && desc.scalar === ScalarType.STRING ? 'texts' : undefined;
    case 'map':
      return desc.mapKind === 'scalar' &&
        desc.mapKey === ScalarType.STRING &&
        desc.scalar === ScalarType.STRING
        ? 'text_map'
        : undefined;
    case 'enum':
      return undefined;
  }
}
