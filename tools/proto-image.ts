import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type FileDescriptorSet, FileDescriptorSetSchema, fromBinary } from '@nova/proto/runtime';
import { root } from './source-files.ts';

const PROTO = join(root, 'proto');

/** The buf program. */
export const bufPath: string = join(PROTO, 'node_modules/.bin/buf');

/** What `buf build` makes of a proto folder. */
export function protoImageBytes(proto: string): Buffer {
  return execFileSync(bufPath, ['build', '-o', '-'], {
    cwd: proto,
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** The proto files of the repository, with their comments. */
export function protoImage(): FileDescriptorSet {
  return fromBinary(FileDescriptorSetSchema, protoImageBytes(PROTO));
}

/** The comment above each message and field, by full name: `messaging.MessageCreated.content`. */
export function protoComments(): ReadonlyMap<string, string> {
  const comments = new Map<string, string>();
  for (const file of protoImage().file) {
    for (const { path, leadingComments } of file.sourceCodeInfo?.location ?? []) {
      const name = nameAt(file, path);
      const text = leadingComments.trim().replaceAll(/\s*\n\s*/g, ' ');
      if (name !== undefined && text !== '') comments.set(`${file.package}.${name}`, text);
    }
  }
  return comments;
}

// Field numbers of FileDescriptorProto.message_type and DescriptorProto.field, of which a location's
// path is made: [4, 1, 2, 0] is the first field of the second message.
const MESSAGE_TYPE = 4;
const FIELD = 2;

function nameAt(
  file: FileDescriptorSet['file'][number],
  [kind, messageIndex = -1, member, fieldIndex = -1, ...deeper]: readonly number[],
): string | undefined {
  const message = file.messageType[messageIndex];
  if (kind !== MESSAGE_TYPE || message === undefined || deeper.length > 0) return undefined;
  if (member === undefined) return message.name;
  const field = member === FIELD ? message.field[fieldIndex] : undefined;
  return field === undefined ? undefined : `${message.name}.${field.name}`;
}
