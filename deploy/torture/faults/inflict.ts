import type { Disk } from './disk.ts';
import type { Rig } from './rig.ts';
import type { Fault } from './schedule.ts';

type Server = NonNullable<ReturnType<Rig['servers']['get']>>;

/** Begins a fault; the answer lifts it at once, and resolves when its target is there again. */
export async function inflict(rig: Rig, fault: Fault): Promise<() => Promise<void>> {
  const { target } = fault;
  const link = rig.links.get(target);
  if (link !== undefined) {
    if (fault.kind === 'partition') link.cut(fault.direction);
    else if (fault.kind === 'latency') link.delayMs = fault.delayMs;
    else link.reset();
    return async () => link.heal();
  }
  if (fault.kind === 'clock') {
    rig.clocks?.set(target, fault.seconds);
    return async () => rig.clocks?.set(target, 0);
  }
  const server = rig.servers.get(target);
  if (server !== undefined) {
    const disk = rig.disks.get(target);
    if (fault.kind === 'full' && disk !== undefined) return fillUp(server, disk);
    return inflictOnServer(server, fault);
  }
  const process = rig.processes.get(target);
  if (process === undefined) throw new Error(`there is no ${target}`);
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

async function inflictOnServer(server: Server, { kind }: Fault): Promise<() => Promise<void>> {
  if (kind === 'stop') {
    server.pause();
    return async () => server.resume();
  }
  if (kind === 'kill') await server.kill();
  // A restart stops it cleanly first where it runs.
  return () => server.restart();
}

/** A server that ended for want of room is started once there is some, as whoever runs it would. */
function fillUp(server: Server, disk: Disk): () => Promise<void> {
  disk.fill();
  return async () => {
    disk.free();
    if (server.isGone) await server.restart();
  };
}
