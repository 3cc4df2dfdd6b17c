import { derivedId } from './uuid.ts';

/*
 * Every derived id of nova, one function per name of events.md §1.4. The names are a contract with
 * stored data: testdata/derived-ids.json holds one of each and never changes.
 */

/** Conversation of two users; the pair is sorted, so that both sides get the same id. */
export function directConversationId(user: string, other: string): string {
  const [low, high] = user < other ? [user, other] : [other, user];
  return derivedId(`conversation:${low}:${high}`);
}

/** A user's own side of a conversation: read mark and settings. */
export function participantId(conversationId: string, userId: string): string {
  return derivedId(`participant:${conversationId}:${userId}`);
}

/** Entry of one user's contact list. */
export function contactId(ownerId: string, otherId: string): string {
  return derivedId(`contact:${ownerId}:${otherId}`);
}

/** One user following another. */
export function followId(followerId: string, followeeId: string): string {
  return derivedId(`follow:${followerId}:${followeeId}`);
}

/** User of the principal `dev`, whom development mode takes a caller without identity for. */
export const devUserId: string = derivedId('user:dev');

/**
 * Event that a request makes.
 *
 * @param principal user id, or `service/<name>`
 * @param method `package.Service/Method`
 * @param index of the event within the request, from 0
 */
export function requestEventId(
  principal: string,
  method: string,
  requestId: string,
  index: number,
): string {
  return derivedId(`request:${principal}:${method}:${requestId}:${index}`);
}

/** Event that a consumer makes as an effect of another. */
export function effectId(consumer: string, eventId: string, effect: string): string {
  return derivedId(`effect:${consumer}:${eventId}:${effect}`);
}

/**
 * Event imported from a chat log.
 *
 * @param line number in the file, from 1
 * @param n of the event within the line, from 0
 */
export function ircEventId(network: string, fileName: string, line: number, n: number): string {
  return derivedId(`irc:${network}:${fileName}:${line}:${n}`);
}

/** Conversation that an imported chat log is. */
export function ircConversationId(network: string, fileName: string): string {
  return derivedId(`irc:${network}:${fileName}`);
}

/** User of a nick in an imported network. */
export function ircUserId(network: string, nick: string): string {
  return derivedId(`irc:${network}:${nick}`);
}
