/**
 * The parts of the protobuf runtime that nova uses. Only this package imports
 * `@bufbuild/protobuf`, so that its version and its quirks stay in one place.
 */
export {
  create,
  createFileRegistry,
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  fromJson,
  getOption,
  hasOption,
  isMessage,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageInitShape,
  type MessageShape,
  ScalarType,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
export {
  type Any,
  anyPack,
  anyUnpack,
  DurationSchema,
  FileDescriptorProtoSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  StructSchema,
  type Timestamp,
  TimestampSchema,
  timestampDate,
  timestampFromDate,
} from '@bufbuild/protobuf/wkt';
