import type { Rig } from './rig.ts';
import type { Fault } from './schedule.ts';

/** Begins a fault; the answer ends it, and resolves when its target is there again. */
export async function inflict(rig: Rig, fault: Fault): Promise<() => Promise<void>> {
  const link = rig.links.get(fault.target);
  if (link !== undefined) {
    if (fault.kind === 'partition') link.cut(fault.direction);
    else if (fault.kind === 'latency') link.delayMs = fault.delayMs;
    else link.reset();
    return async () => link.heal();
  }
  if (fault.target === 'postgres') return inflictOnServer(rig.postgres, fault);
  if (fault.target === 'kafka') return inflictOnServer(rig.kafka, fault);
  const process = rig.processes.get(fault.target);
  if (process === undefined) throw new Error(`there is no ${fault.target}`);
  if (fault.kind === 'stop') {
    process.signal('SIGSTOP');
    return async () => process.signal('SIGCONT');
  }
  await process.end(fault.kind === 'kill' ? 'SIGKILL' : 'SIGTERM');
  return async () => {
    process.start();
    await process.ready();
  };
}

async function inflictOnServer(
  server: Rig['postgres'] | Rig['kafka'],
  { kind }: Fault,
): Promise<() => Promise<void>> {
  if (kind === 'stop') {
    server.pause();
    return async () => server.resume();
  }
  if (kind === 'kill') await server.kill();
  // A restart stops it cleanly first where it runs.
  return () => server.restart();
}
