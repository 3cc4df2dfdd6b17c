import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EventType, readEventType } from '@nova/events';
import {
  createFileRegistry,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  fromBinary,
  toBinary,
} from '@nova/proto/runtime';
import { root } from './source-files.ts';

/** Where the image lies that nothing may break. */
export const baselinePath: string = join(root, 'proto/baseline.binpb');

/** The event types that the checked-in baseline protects. */
export function baselineTypes(): EventType[] {
  return eventTypesOf(fromBinary(FileDescriptorSetSchema, readFileSync(baselinePath)));
}

/**
 * An image without comments and without drafts: `buf breaking` compares what the baseline has, so
 * a type is free to change until its owner takes the option away and writes the baseline again.
 */
export function makeBaseline(image: FileDescriptorSet): Uint8Array {
  const drafts = new Set(
    eventTypesOf(image)
      .filter(({ draft }) => draft)
      .map(({ message }) => message.typeName),
  );
  for (const file of image.file) {
    delete file.sourceCodeInfo;
    file.messageType = file.messageType.filter(
      ({ name }) => !drafts.has(`${file.package}.${name}`),
    );
  }
  // A file of nothing but drafts may be moved as well.
  image.file = image.file.filter(
    ({ name, messageType }) => messageType.length > 0 || !name.endsWith('_events.proto'),
  );
  return toBinary(FileDescriptorSetSchema, image);
}

function eventTypesOf(image: FileDescriptorSet): EventType[] {
  return [...createFileRegistry(image).files]
    .flatMap((file) => file.messages)
    .map(readEventType)
    .filter((eventType) => eventType !== undefined);
}
