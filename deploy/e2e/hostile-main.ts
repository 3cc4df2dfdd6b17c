/**
 * A client that calls far more often than it may, whatever it is answered:
 * `hostile-main.ts PORT USER CALLS_PER_SECOND`. It speaks HTTP/2 itself: with a gRPC library it would
 * need more processor for its calls than the server for refusing them, and call late.
 */
import { constants, setPriority } from 'node:os';
import { PublishEventRequestSchema } from '@nova/proto/gen/events/events_service_pb';
import { create, toBinary } from '@nova/proto/runtime';
import { answerOf, frame, type RawAnswer, rawConnection } from '@nova/rpc/testing';
import { sleep } from '@nova/time';

const EVERY_MS = 10;
/** Calls that it waits for at most: it would run out of memory before the server does. */
const MOST_OPEN = 1000;
const PATH = '/events.EventsService/PublishEvent';

const [, , port = '', user = '', perSecond = '0'] = process.argv;
// It would be on another machine: it is not to take much of this one's processor from the others.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
const body = frame(
  toBinary(
    PublishEventRequestSchema,
    create(PublishEventRequestSchema, {
      eventType: 'message_created',
      aggregateId: user,
      payload: { message_id: user, sender_id: user, content: 'more and more' },
    }),
  ),
);
const headers = { 'x-user-id': user, 'x-nova-roles': 'writer' };
const counted = { due: 0, sent: 0, ok: 0, refused: 0 };
/** Answers that are neither, by what they are. */
const others: Record<string, number> = {};
let isStopped = false;
process.on('SIGTERM', () => {
  isStopped = true;
});

const connection = await rawConnection(Number(port));
const open = new Set<Promise<void>>();
const startedMs = performance.now();
while (!isStopped) {
  const passedMs = performance.now() - startedMs;
  const due = Math.floor((passedMs / 1000) * Number(perSecond));
  for (; counted.due < due; counted.due += 1) {
    if (open.size >= MOST_OPEN) continue;
    counted.sent += 1;
    const call = callOnce().finally(() => open.delete(call));
    open.add(call);
  }
  await sleep(EVERY_MS);
}
await Promise.all(open);
connection.close();
process.stdout.write(`${JSON.stringify({ ...counted, others })}\n`);

async function callOnce(): Promise<void> {
  const stream = connection.open({ ':path': PATH, ...headers });
  stream.end(body);
  const answer = await answerOf(stream);
  if (answer.grpcStatus === 0) counted.ok += 1;
  else if (answer.grpcStatus === 8 && saysWhenAgain(answer)) counted.refused += 1;
  else {
    const { grpcStatus, grpcMessage, resetCode } = answer;
    const what = `status ${grpcStatus}, reset ${resetCode}: ${grpcMessage}`;
    others[what] = (others[what] ?? 0) + 1;
  }
}

/** Whether a refusal carries RetryInfo. */
function saysWhenAgain({ headers: given }: RawAnswer): boolean {
  const details = String(given['grpc-status-details-bin'] ?? '');
  return Buffer.from(details, 'base64').includes('google.rpc.RetryInfo');
}
