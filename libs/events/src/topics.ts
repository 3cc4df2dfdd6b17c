const TOPIC_PREFIX = 'nova_events_';
const DEAD_LETTER_PREFIX = 'nova_dlt_';
const EVENT_TYPE = /^[a-z][a-z0-9]*(_[a-z0-9]+)+$/;
const MAX_EVENT_TYPE_LENGTH = 100;
const MOST_KNOWN = 1000;

// Names that were looked at before: a record names a handful, and each record is looked at.
const known = new Set<string>();

/** Whether a text has the form of an event type: snake_case, at least two words, at most 100 long. */
export function isEventTypeName(text: string): boolean {
  if (known.has(text)) return true;
  const isName = text.length <= MAX_EVENT_TYPE_LENGTH && EVENT_TYPE.test(text);
  if (isName && known.size < MOST_KNOWN) known.add(text);
  return isName;
}

/**
 * Topic of an event type.
 *
 * @throws TypeError when the text is not an event type: topics are never made from free text.
 */
export function topicOf(eventType: string): string {
  return TOPIC_PREFIX + checked(eventType);
}

/**
 * Topic that mirrors the parked events of an event type.
 *
 * @throws TypeError as {@link topicOf}
 */
export function deadLetterTopicOf(eventType: string): string {
  return DEAD_LETTER_PREFIX + checked(eventType);
}

function checked(eventType: string): string {
  if (!isEventTypeName(eventType)) throw new TypeError(`${eventType} is not an event type`);
  return eventType;
}
