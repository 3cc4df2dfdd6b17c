import { file_google_rpc_error_details } from '@nova/proto/gen/google/rpc/error_details_pb';
import { file_google_rpc_status } from '@nova/proto/gen/google/rpc/status_pb';
import type { ServerReflectionResponseSchema } from '@nova/proto/gen/grpc/reflection/v1/reflection_pb';
import {
  ServerReflection as ReflectionV1,
  type ServerReflectionRequest,
} from '@nova/proto/gen/grpc/reflection/v1/reflection_pb';
import { ServerReflection as ReflectionV1Alpha } from '@nova/proto/gen/grpc/reflection/v1alpha/reflection_pb';
import type { DescFile, MessageInitShape } from '@nova/proto/runtime';
import { DescriptorIndex } from './descriptor-index.ts';
import { implement, type MethodImplementation, type ServiceImplementation } from './implement.ts';
import { codeOf } from './wire-status.ts';

type AnswerV1Alpha = MethodImplementation<typeof ReflectionV1Alpha.method.serverReflectionInfo>;
type Answer = NonNullable<
  MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse']
>;

/**
 * Server reflection in both versions, over the descriptors of `services` with everything that they
 * import: what tools see is what the server runs. `more` files can be looked up too.
 */
export function reflectionServices(
  services: readonly ServiceImplementation[],
  more: readonly DescFile[] = [],
): readonly ServiceImplementation[] {
  const described = [...services.map(({ service }) => service), ReflectionV1, ReflectionV1Alpha];
  // With the messages that errors carry: tools look their types up to show an error's details.
  const index = new DescriptorIndex([
    ...described.map((service) => service.file),
    ...more,
    file_google_rpc_status,
    file_google_rpc_error_details,
  ]);
  const names = described.map((service) => service.typeName).sort();

  async function* answer(requests: AsyncIterable<ServerReflectionRequest>) {
    const sent = new Set<string>();
    for await (const originalRequest of requests) {
      yield {
        validHost: originalRequest.host,
        originalRequest,
        messageResponse: answerOne(originalRequest.messageRequest, sent),
      };
    }
  }

  function answerOne(asked: ServerReflectionRequest['messageRequest'], sent: Set<string>): Answer {
    switch (asked.case) {
      case 'listServices':
        return {
          case: 'listServicesResponse',
          value: { service: names.map((name) => ({ name })) },
        };
      case 'fileByFilename':
        return files(index.fileNamed(asked.value), `file ${asked.value}`, sent);
      case 'fileContainingSymbol':
        return files(index.fileOfSymbol(asked.value), `symbol ${asked.value}`, sent);
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = asked.value;
        const file = index.fileOfExtension(containingType, extensionNumber);
        return files(file, `extension ${extensionNumber} of ${containingType}`, sent);
      }
      case 'allExtensionNumbersOfType': {
        const numbers = index.extensionNumbers(asked.value);
        if (numbers === undefined) return notFound(`message ${asked.value}`);
        return {
          case: 'allExtensionNumbersResponse',
          value: { baseTypeName: asked.value, extensionNumber: [...numbers] },
        };
      }
      default:
        return {
          case: 'errorResponse',
          value: { errorCode: codeOf('INVALID_ARGUMENT'), errorMessage: 'nothing is asked' },
        };
    }
  }

  // A file goes with all that it imports, each at most once per stream.
  function files(file: DescFile | undefined, what: string, sent: Set<string>): Answer {
    if (file === undefined) return notFound(what);
    const needed = index
      .withImports(file)
      .filter((one) => one === file || !sent.has(one.proto.name));
    for (const one of needed) sent.add(one.proto.name);
    return {
      case: 'fileDescriptorResponse',
      value: { fileDescriptorProto: needed.map((one) => index.encoded(one)) },
    };
  }

  const policies = { serverReflectionInfo: 'public' } as const;
  return [
    implement(ReflectionV1, { serverReflectionInfo: answer }, policies),
    // The two versions differ in the name of their package and in nothing else.
    implement(
      ReflectionV1Alpha,
      { serverReflectionInfo: answer as unknown as AnswerV1Alpha },
      policies,
    ),
  ];
}

function notFound(what: string): Answer {
  return {
    case: 'errorResponse',
    value: { errorCode: codeOf('NOT_FOUND'), errorMessage: `${what} is not known here` },
  };
}
