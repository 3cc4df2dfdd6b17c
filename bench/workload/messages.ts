import { hash } from 'node:crypto';
import { readWindow } from '@nova/outbox';
import type { Database } from '@nova/postgres';

const CONVERSATIONS = 500;
const CONTENT = 'x'.repeat(300);

const uuid = (name: string) =>
  hash('sha1', name).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');

/** Message `n`, as a client publishes it. */
export function messageEvent(n: number) {
  return {
    eventType: 'message_created',
    aggregateId: uuid(`conversation ${n % CONVERSATIONS}`),
    payload: {
      message_id: uuid(`message ${n}`),
      sender_id: uuid(`sender ${n % 50}`),
      content: `${n} ${CONTENT}`,
    },
  };
}

/** What is wrong with a log to which so many messages were published; undefined: each is there once. */
export async function wrongInMessages(
  database: Database,
  count: number,
): Promise<string | undefined> {
  const seen = new Uint8Array(count);
  let doubled = 0;
  let changed = 0;
  for (let after = 0n; ; ) {
    const { events, scanned } = await readWindow(database, { after, limit: 1000 });
    if (scanned.position === after) break;
    for (const { aggregateId, payload } of events) {
      const found: unknown = JSON.parse(Buffer.from(payload).toString());
      const n = Number.parseInt(contentOf(found), 10);
      const wanted = messageEvent(n);
      const isSame = Object.entries(wanted.payload).every(
        ([name, value]) => Reflect.get(Object(found), name) === value,
      );
      if (!isSame || aggregateId !== wanted.aggregateId) changed += 1;
      if (seen[n] === 1) doubled += 1;
      seen[n] = 1;
    }
    after = scanned.position;
  }
  const lost = seen.reduce((sum, one) => sum + 1 - one, 0);
  if (lost + doubled + changed === 0) return undefined;
  return `${lost} lost, ${doubled} doubled, ${changed} changed`;
}

function contentOf(payload: unknown): string {
  return String(Reflect.get(Object(payload), 'content'));
}
