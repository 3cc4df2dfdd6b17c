/** A client that calls far more often than it may, whatever it is answered: `hostile-main.ts ADDRESS USER CALLS_PER_SECOND`. */
import { constants, setPriority } from 'node:os';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { createClient, RpcError } from '@nova/rpc';
import { sleep } from '@nova/time';

const EVERY_MS = 10;

const [, , address = '', user = '', perSecond = '0'] = process.argv;
// It would be on another machine: it is not to take this one's processor from the others.
setPriority(constants.priority.PRIORITY_LOW);
const client = createClient(EventsService, {
  address,
  deadlineMs: 5000,
  metadata: { 'x-user-id': user, 'x-nova-roles': 'writer' },
});
const counted = { sent: 0, ok: 0, refused: 0, other: 0 };
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

const startedMs = performance.now();
const open = new Set<Promise<void>>();
while (!stop.signal.aborted) {
  const due = ((performance.now() - startedMs) / 1000) * Number(perSecond);
  for (; counted.sent < due; counted.sent += 1) {
    const call = callOnce().finally(() => open.delete(call));
    open.add(call);
  }
  await sleep(EVERY_MS);
}
await Promise.all(open);
client.close();
process.stdout.write(`${JSON.stringify(counted)}\n`);

async function callOnce(): Promise<void> {
  try {
    await client.publishEvent({
      eventType: 'message_created',
      aggregateId: user,
      payload: { message_id: user, sender_id: user, content: 'more and more' },
    });
    counted.ok += 1;
  } catch (thrown) {
    if (!(thrown instanceof RpcError)) throw thrown;
    if (thrown.status === 'RESOURCE_EXHAUSTED') counted.refused += 1;
    else counted.other += 1;
  }
}
