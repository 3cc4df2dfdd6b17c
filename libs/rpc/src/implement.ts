import { NovaError } from '@nova/errors';
import type {
  DescMessage,
  DescMethod,
  DescService,
  Message,
  MessageInitShape,
  MessageShape,
} from '@nova/proto/runtime';
import type { Call } from './call.ts';
import type { Policy } from './caller.ts';
import { errors } from './errors.ts';

/** The function that answers one method, by the kind of the method. */
export type MethodImplementation<M> = M extends {
  readonly methodKind: infer Kind;
  readonly input: infer I extends DescMessage;
  readonly output: infer O extends DescMessage;
}
  ? Kind extends 'unary'
    ? (request: MessageShape<I>, call: Call) => Promise<MessageInitShape<O>>
    : Kind extends 'server_streaming'
      ? (request: MessageShape<I>, call: Call) => AsyncIterable<MessageInitShape<O>>
      : Kind extends 'bidi_streaming'
        ? (
            requests: AsyncIterable<MessageShape<I>>,
            call: Call,
          ) => AsyncIterable<MessageInitShape<O>>
        : (requests: AsyncIterable<MessageShape<I>>, call: Call) => Promise<MessageInitShape<O>>
  : never;

/** All methods of a service by their local names (`publishEvent`). */
export type Methods<S extends DescService> = {
  readonly [Name in keyof S['method']]: MethodImplementation<S['method'][Name]>;
};

/** Who may call each method. */
export type Policies<S extends DescService> = {
  readonly [Name in keyof S['method']]: Policy;
};

/** The fields of a message, of whatever type. */
export type MessageFields = Record<string, unknown>;

/** An answer, or several. The types are checked where a service is implemented. */
export type Invoke = (
  input: Message | AsyncIterable<Message>,
  call: Call,
) => Promise<MessageFields> | AsyncIterable<MessageFields>;

/** A method ready to be served. */
export interface ServedMethod {
  /** `events.EventsService/PublishEvent` */
  readonly fullName: string;
  readonly descriptor: DescMethod;
  readonly policy: Policy;
  readonly invoke: Invoke;
}

/** Whether a method takes any number of requests. */
export function readsMany({ descriptor }: ServedMethod): boolean {
  return ['bidi_streaming', 'client_streaming'].includes(descriptor.methodKind);
}

/** A service ready to be served. */
export interface ServiceImplementation {
  readonly service: DescService;
  readonly methods: readonly ServedMethod[];
}

/**
 * Joins a service with its methods and with who may call them. Default deny: without a policy a
 * method does not come to life.
 *
 * @throws RPC_METHOD_UNFINISHED when a method lacks its function or its policy.
 */
export function implement<S extends DescService>(
  service: S,
  methods: Methods<S>,
  policies: Policies<S>,
): ServiceImplementation {
  // Looked up by name at run time: callers without type checking must be caught too.
  const functions: Readonly<Record<string, unknown>> = methods;
  const rules: Readonly<Record<string, Policy | undefined>> = policies;
  return {
    service,
    methods: service.methods.map((descriptor) => {
      const fullName = `${service.typeName}/${descriptor.name}`;
      const given = functions[descriptor.localName];
      if (typeof given !== 'function') throw unfinished(fullName, 'implementation');
      const policy = rules[descriptor.localName];
      if (policy === undefined || policy.length === 0) throw unfinished(fullName, 'policy');
      // Methods<S> has checked each function against its descriptor.
      const invoke: Invoke = given.bind(methods) as Invoke;
      return { fullName, descriptor, policy, invoke };
    }),
  };
}

function unfinished(method: string, missing: string): NovaError {
  return new NovaError(errors.RPC_METHOD_UNFINISHED, { method, missing });
}
