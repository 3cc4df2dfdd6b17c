import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { event } from '@nova/proto/gen/events/options_pb';
import { file_events_user_events, UserCreatedSchema } from '@nova/proto/gen/events/user_events_pb';
import {
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from '@nova/proto/gen/grpc/reflection/v1/reflection_pb';
import {
  create,
  type DescFile,
  FileDescriptorProtoSchema,
  fromBinary,
  getOption,
  type MessageInitShape,
  toBinary,
} from '@nova/proto/runtime';
import {
  type ExampleServer,
  eventsService,
  logService,
  startExample,
} from './spec/example-server.ts';
import { frame, messagesOf, type RawConnection, rawConnection } from './testing/raw-call.ts';

type Question = MessageInitShape<typeof ServerReflectionRequestSchema>['messageRequest'];

let example: ExampleServer;
let raw: RawConnection;

beforeAll(async () => {
  example = await startExample([eventsService({}), logService(async function* () {})], {
    alsoDescribe: [file_events_user_events],
  });
  raw = await rawConnection(example.port);
});
afterAll(async () => {
  raw.close();
  await example.stop();
});

async function ask(
  questions: readonly NonNullable<Question>[],
  version = 'v1',
): Promise<ServerReflectionResponse['messageResponse'][]> {
  const body = questions.map((messageRequest) =>
    frame(
      toBinary(
        ServerReflectionRequestSchema,
        create(ServerReflectionRequestSchema, { host: 'here', messageRequest }),
      ),
    ),
  );
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const answer = await raw.call(path, Buffer.concat(body));
  expect(answer.grpcStatus).toBe(0);
  return messagesOf(answer.body).map((bytes) => {
    const { validHost, messageResponse } = fromBinary(ServerReflectionResponseSchema, bytes);
    expect(validHost).toBe('here');
    return messageResponse;
  });
}

function filesIn(answer: ServerReflectionResponse['messageResponse'] | undefined) {
  if (answer?.case !== 'fileDescriptorResponse') throw new Error(`no files: ${answer?.case}`);
  return answer.value.fileDescriptorProto.map((bytes) => ({
    bytes,
    name: fromBinary(FileDescriptorProtoSchema, bytes).name,
  }));
}

function withImports(file: DescFile, found = new Map<string, DescFile>()) {
  found.set(file.proto.name, file);
  for (const one of file.dependencies) withImports(one, found);
  return found;
}

describe.each(['v1', 'v1alpha'])('reflection %s', (version) => {
  it('lists every service, its own two versions and health included', async () => {
    const [answer] = await ask([{ case: 'listServices', value: '' }], version);
    expect(answer?.case === 'listServicesResponse' && answer.value.service).toMatchObject([
      { name: 'events.EventLog' },
      { name: 'events.EventsService' },
      { name: 'grpc.health.v1.Health' },
      { name: 'grpc.reflection.v1.ServerReflection' },
      { name: 'grpc.reflection.v1alpha.ServerReflection' },
    ]);
  });

  it('answers a symbol with the very file and everything it imports', async () => {
    const [answer] = await ask(
      [{ case: 'fileContainingSymbol', value: 'events.EventsService' }],
      version,
    );
    const expected = withImports(EventsService.file);
    const files = filesIn(answer);
    expect(files[0]?.name).toBe('events/events_service.proto');
    expect(files.map(({ name }) => name).sort()).toEqual([...expected.keys()].sort());
    expect([...expected.keys()]).toContain('google/protobuf/struct.proto');
    for (const { name, bytes } of files) {
      const file = expected.get(name);
      expect(file && toBinary(FileDescriptorProtoSchema, file.proto)).toEqual(bytes);
    }
  });
});

describe('reflection', () => {
  it('finds services, methods, messages, fields, enums and their values', async () => {
    const symbols = [
      'events.EventLog.Append',
      'events.Event',
      'events.Event.aggregate_version',
      'events.Condition.must',
      'events.PublishMode',
      'events.PUBLISH_MODE_ATOMIC',
      '.google.protobuf.Struct',
      'google.rpc.ErrorInfo',
    ];
    for (const value of symbols) {
      const [answer] = await ask([{ case: 'fileContainingSymbol', value }]);
      expect([value, answer?.case]).toEqual([value, 'fileDescriptorResponse']);
    }
  });

  it('sends each import once per stream', async () => {
    const [first, second] = await ask([
      { case: 'fileContainingSymbol', value: 'events.EventsService' },
      { case: 'fileContainingSymbol', value: 'events.EventLog' },
    ]);
    const before = new Set(filesIn(first).map(({ name }) => name));
    const after = filesIn(second).map(({ name }) => name);
    expect(after).toContain(EventLog.file.proto.name);
    expect(after.filter((name) => before.has(name))).toEqual([]);
  });

  it('keeps custom options, and finds the file of each', async () => {
    const extended = 'google.protobuf.MessageOptions';
    const [numbers, payloads] = await ask([
      { case: 'allExtensionNumbersOfType', value: extended },
      { case: 'fileContainingSymbol', value: 'events.UserCreated' },
    ]);
    expect(numbers?.case === 'allExtensionNumbersResponse' && numbers.value).toMatchObject({
      baseTypeName: extended,
      extensionNumber: [50001],
    });
    const [options] = await ask([
      {
        case: 'fileContainingExtension',
        value: { containingType: extended, extensionNumber: 50001 },
      },
    ]);
    expect(filesIn(options)[0]?.name).toBe('events/options.proto');
    // Read back as a tool would, from the bytes alone.
    const [file] = filesIn(payloads);
    const read = fromBinary(FileDescriptorProtoSchema, file?.bytes ?? new Uint8Array());
    const message = read.messageType.find(({ name }) => name === 'UserCreated');
    expect(
      message?.options && getOption({ proto: message, kind: 'message' } as never, event),
    ).toEqual(getOption(UserCreatedSchema, event));
  });

  it.each([
    { case: 'fileByFilename', value: 'no/such.proto' },
    { case: 'fileContainingSymbol', value: 'no.Such' },
    { case: 'fileContainingSymbol', value: '' },
    { case: 'allExtensionNumbersOfType', value: 'no.Such' },
    { case: 'fileContainingExtension', value: { containingType: 'no.Such', extensionNumber: 1 } },
  ] as const)('says what it does not know: %j', async (question) => {
    const [answer, still] = await ask([question, { case: 'listServices', value: '' }]);
    expect(answer?.case === 'errorResponse' && answer.value.errorCode).toBe(5);
    expect(still?.case).toBe('listServicesResponse');
  });

  it('can be left out', async () => {
    const closed = await startExample([eventsService({})], { reflection: false });
    const connection = await rawConnection(closed.port);
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    expect((await connection.call(path, frame(Buffer.alloc(0)))).grpcStatus).toBe(12);
    connection.close();
    await closed.stop();
  });
});
