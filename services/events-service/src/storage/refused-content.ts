import { isNovaError } from '@nova/errors';
import { errors as postgresErrors } from '@nova/postgres';

/** Whether the server refused a statement for what is in it, so that one event may be at fault. */
export function isRefusedContent(thrown: unknown): boolean {
  return (
    isNovaError(thrown, postgresErrors.POSTGRES_TEXT_INVALID) ||
    (isNovaError(thrown) && thrown.kind.status === 'INTERNAL')
  );
}
