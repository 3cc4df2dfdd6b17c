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
  const answer = (requests: AsyncIterable<ServerReflectionRequest>) =>
    new Conversation(index, names).answers(requests);
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

/** The answers on one stream; it remembers which files it has sent. */
class Conversation {
  readonly #index: DescriptorIndex;
  readonly #services: readonly string[];
  readonly #sent = new Set<string>();

  constructor(index: DescriptorIndex, services: readonly string[]) {
    this.#index = index;
    this.#services = services;
  }

  async *answers(requests: AsyncIterable<ServerReflectionRequest>) {
    for await (const originalRequest of requests) {
      yield {
        validHost: originalRequest.host,
        originalRequest,
        messageResponse: this.#answer(originalRequest.messageRequest),
      };
    }
  }

  #answer(asked: ServerReflectionRequest['messageRequest']): Answer {
    switch (asked.case) {
      case 'listServices':
        return {
          case: 'listServicesResponse',
          value: { service: this.#services.map((name) => ({ name })) },
        };
      case 'fileByFilename':
        return this.#files(this.#index.fileNamed(asked.value), `file ${asked.value}`);
      case 'fileContainingSymbol':
        return this.#files(this.#index.fileOfSymbol(asked.value), `symbol ${asked.value}`);
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = asked.value;
        const file = this.#index.fileOfExtension(containingType, extensionNumber);
        return this.#files(file, `extension ${extensionNumber} of ${containingType}`);
      }
      case 'allExtensionNumbersOfType': {
        const numbers = this.#index.extensionNumbers(asked.value);
        if (numbers === undefined) return notFound(`message ${asked.value}`);
        return {
          case: 'allExtensionNumbersResponse',
          value: { baseTypeName: asked.value, extensionNumber: [...numbers] },
        };
      }
      case undefined:
        return {
          case: 'errorResponse',
          value: { errorCode: codeOf('INVALID_ARGUMENT'), errorMessage: 'nothing is asked' },
        };
    }
  }

  // A file goes with all that it imports, each import at most once per stream.
  #files(file: DescFile | undefined, what: string): Answer {
    if (file === undefined) return notFound(what);
    const needed = this.#index
      .withImports(file)
      .filter((one) => one === file || !this.#sent.has(one.proto.name));
    for (const one of needed) this.#sent.add(one.proto.name);
    return {
      case: 'fileDescriptorResponse',
      value: { fileDescriptorProto: needed.map((one) => this.#index.encoded(one)) },
    };
  }
}

function notFound(what: string): Answer {
  return {
    case: 'errorResponse',
    value: { errorCode: codeOf('NOT_FOUND'), errorMessage: `${what} is not known here` },
  };
}
