/**
 * A process of a benchmark: plays the role that its first word names, with the options of its second.
 *
 *   prepare → "ready" → "go" comes → the work, measured → "end" → SIGTERM: stop
 *
 * It ends with the one who started it, also when that one is killed.
 */
import { messageOf } from '@nova/errors';
import type { FromWorker, Prepared } from './harness/worker-messages.ts';
import { isRole, prepareRole } from './roles/roles.ts';

const [role = '', options = '{}'] = process.argv.slice(2);
const tell = (message: FromWorker) => process.send?.(message);
const fail = (thrown: unknown) => {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  tell({ failed: `${messageOf(thrown)}\n${stack}` });
  process.exitCode = 1;
};

process.once('disconnect', () => process.exit(1));
if (isRole(role)) {
  try {
    await play(await prepareRole(role, options));
  } catch (thrown) {
    fail(thrown);
    process.disconnect();
  }
} else {
  fail(new TypeError(`no role ${role}`));
}

function play(prepared: Prepared): Promise<void> {
  const stopped = Promise.withResolvers<void>();
  process.once('SIGTERM', () => {
    const leave = () => process.exit(0);
    void prepared.stop().then(leave, leave);
    stopped.resolve();
  });
  process.once('message', () => void work(prepared).catch(fail));
  tell({ ready: true });
  return stopped.promise;
}

async function work({ go }: Prepared): Promise<void> {
  const before = process.cpuUsage();
  const end = await go();
  const { user, system } = process.cpuUsage(before);
  const maxRssMb = process.resourceUsage().maxRSS / 1024;
  tell({ end: { ...end, cpuSeconds: (user + system) / 1e6, maxRssMb } });
}
