/** An event of the log as psql prints it. */
export interface LoggedPayload {
  readonly eventId: string;
  readonly eventType: string;
  readonly aggregateId: string;
  readonly version: string;
  readonly sequence: string;
  readonly payload: Readonly<Record<string, string>> & { readonly member_ids?: readonly string[] };
}

/** What views must hold, each row as its columns joined by `|`, sorted. */
export interface ExpectedViews {
  readonly messages: string[];
  readonly conversations: string[];
  readonly found: string[];
  readonly notices: string[];
  /** Messages and added members by conversation. */
  readonly counts: string[];
}

/**
 * What the views of direct conversations must be, told once more from the events alone: the last
 * text of each message, how much was said, and one notice per message, for the other side.
 */
export function foldMessages(events: readonly LoggedPayload[]): ExpectedViews {
  const messages = new Map<string, { head: string[]; sender: string; content: string }>();
  const said = new Map<string, string>();
  const sides = new Map<string, readonly string[]>();
  const notices: string[] = [];
  for (const { eventId, eventType, aggregateId, version, sequence, payload } of events) {
    const { message_id = '', sender_id = '', content = '' } = payload;
    if (eventType === 'conversation_created') {
      sides.set(aggregateId, [payload['creator_id'] ?? '', ...(payload.member_ids ?? [])]);
      said.set(aggregateId, '0');
    } else if (eventType === 'message_created') {
      const head = [aggregateId, message_id, sequence, version];
      messages.set(message_id, { head, sender: sender_id, content });
      said.set(aggregateId, sequence);
      const other = sides.get(aggregateId)?.find((user) => user !== sender_id);
      notices.push(`${eventId}|${other}`);
    } else if (eventType === 'message_edited') {
      const message = messages.get(message_id);
      if (message !== undefined) message.content = content;
    }
  }
  const rows = [...messages.values()];
  const line = (columns: readonly (string | undefined)[]) => columns.join('|');
  return {
    messages: rows.map(({ head, sender, content }) => line([...head, sender, content])).sort(),
    conversations: [...said].map(([id, count]) => line([id, 'direct', count])).sort(),
    found: rows
      .map(({ head: [id, message, , version], sender, content }) =>
        line([id, message, version, sender, content]),
      )
      .sort(),
    notices: notices.sort(),
    counts: [...said].map(([id, count]) => line([id, count, '0'])).sort(),
  };
}
