import { RpcError } from '../rpc-error.ts';

/**
 * The same client for specs on busy machines: where a view is still behind the token of a query after
 * the five seconds that the query waits, which is a promised answer, it asks again, for up to 45 s.
 * Told earlier it is an answer that nobody promised, and the caller's.
 */
export function patientClient<C extends object>(
  client: C,
  { waitedMs = 4_900, withinMs = 45_000 } = {},
): C {
  const again = async (call: () => unknown): Promise<unknown> => {
    const untilMs = performance.now() + withinMs;
    for (;;) {
      const fromMs = performance.now();
      try {
        return await call();
      } catch (thrown) {
        const isBehind = thrown instanceof RpcError && thrown.reason === 'VIEW_BEHIND';
        const now = performance.now();
        if (!isBehind || now - fromMs < waitedMs || now > untilMs) throw thrown;
      }
    }
  };
  return new Proxy(client, {
    get(target, name): unknown {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        const call = (): unknown => Reflect.apply(method, target, args);
        return namesToken(args[0]) ? again(call) : call();
      };
    },
  });
}

const namesToken = (request: unknown) =>
  typeof request === 'object' &&
  request !== null &&
  'minConsistencyToken' in request &&
  request.minConsistencyToken !== '';
