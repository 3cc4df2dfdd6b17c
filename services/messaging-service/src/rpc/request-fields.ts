import type { Violation } from '@nova/errors';
import { isCanonicalUuid } from '@nova/events';
import type { Call } from '@nova/rpc';
import { actingUser, invalidRequest } from '@nova/service-kit';

/** As many as an answer may carry; a worse request is not looked at further. */
const MAX_VIOLATIONS = 20;
const UUID = 'must be a UUID in lower case with hyphens';

/** Collects what is wrong with a request, so that the caller hears all of it at once. */
export class RequestFields {
  readonly #violations: Violation[] = [];

  add(field: string, description: string): void {
    if (this.#violations.length < MAX_VIOLATIONS) this.#violations.push({ field, description });
  }

  /** An id that must be there. */
  id(field: string, given: string): void {
    if (given === '') this.add(field, 'is required');
    else this.optionalId(field, given);
  }

  /** An id that may be left out. */
  optionalId(field: string, given: string): void {
    if (given !== '' && !isCanonicalUuid(given)) this.add(field, UUID);
  }

  /** A list of ids. */
  ids(field: string, given: readonly string[]): void {
    for (const [index, id] of given.entries()) {
      if (!isCanonicalUuid(id)) this.add(`${field}[${index}]`, UUID);
    }
  }

  /** One of the words, or nothing where that has a meaning. */
  word(field: string, given: string, words: readonly string[]): void {
    if (words.includes(given)) return;
    const named = words.filter((word) => word !== '').join(', ');
    this.add(field, given === '' ? `is required: one of ${named}` : `must be one of ${named}`);
  }

  /** A text that can be stored, of at most so many bytes in UTF-8. */
  text(field: string, given: string, maxBytes: number): void {
    const bytes = Buffer.byteLength(given);
    if (bytes > maxBytes) this.add(field, `must have at most ${maxBytes} bytes; it has ${bytes}`);
    if (given.includes('\0')) this.add(field, 'must not contain NUL (U+0000)');
  }

  /**
   * The user for whom the call acts.
   *
   * @throws REQUEST_INVALID with everything found, REQUEST_USER_DENIED
   */
  user(call: Call, given: string): string {
    this.optionalId('user_id', given);
    if (this.#violations.length > 0) throw invalidRequest(this.#violations);
    return actingUser(call, given, 'user_id');
  }
}
