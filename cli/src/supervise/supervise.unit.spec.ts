import { describe, expect, it } from '@jest/globals';
import type { LaunchedProcess, ProcessEnd } from '@nova/servers';
import { sleep, systemClock } from '@nova/time';
import type { PartProcess } from './part-process.ts';
import { HEALTHY_AFTER_MS, RestartPolicy } from './restart-policy.ts';
import { SupervisedPart } from './supervised-part.ts';
import { inOrder, type PlanStep, Supervisor, stopLevels, wasStopped } from './supervisor.ts';
import type { SupervisorEvent } from './supervisor-event.ts';

/** A process that lives in memory: what it does is told by the spec. */
class FakeProcess implements PartProcess {
  readonly name: string;
  readonly stopSignal = 'SIGTERM' as const;
  readonly logFile = '/nonexistent';
  readonly signals: string[] = [];
  launches = 0;
  answers = true;
  obeys = true;
  endsAtStart = 0;
  #end: (end: ProcessEnd) => void = () => {};

  constructor(name: string) {
    this.name = name;
  }

  prepare() {
    return Promise.resolve();
  }

  launch(): Promise<LaunchedProcess> {
    this.launches += 1;
    const exited = new Promise<ProcessEnd>((resolve) => {
      this.#end = resolve;
    });
    if (this.launches <= this.endsAtStart) this.#end({ code: 3, signal: null });
    return Promise.resolve({
      pid: 1000 + this.launches,
      exited,
      signal: (signal) => {
        this.signals.push(signal);
        if (this.obeys || signal === 'SIGKILL') this.#end({ code: null, signal });
      },
    });
  }

  check() {
    return this.answers && this.launches > this.endsAtStart
      ? Promise.resolve()
      : Promise.reject(new Error('no answer'));
  }

  die() {
    this.#end({ code: null, signal: 'SIGKILL' });
  }
}

function part(process: FakeProcess, watch: (event: SupervisorEvent) => void = () => {}) {
  return new SupervisedPart(process, systemClock, watch, () => {});
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = systemClock.monotonicMs() + 5000;
  while (!condition()) {
    if (systemClock.monotonicMs() > deadline) throw new Error('condition never held');
    await sleep(5);
  }
}

describe('RestartPolicy', () => {
  it('waits longer with every restart, up to 10 seconds', () => {
    const policy = new RestartPolicy(() => 0);
    const waits = Array.from({ length: 8 }, () => policy.ended(100));
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  });

  it('starts over after a healthy run', () => {
    const policy = new RestartPolicy(() => 0);
    policy.ended(100);
    policy.ended(100);
    expect(policy.ended(HEALTHY_AFTER_MS)).toBe(200);
    expect(policy.attempt).toBe(1);
  });
});

describe('SupervisedPart', () => {
  it('starts a process again that ended, and tells how it ended', async () => {
    const process = new FakeProcess('kafka');
    const events: SupervisorEvent[] = [];
    const kafka = part(process, (event) => events.push(event));
    await kafka.start();
    process.die();
    await until(() => events.some(({ kind }) => kind === 'part_recovered'));
    expect(events[0]).toMatchObject({ kind: 'part_exited', exit: { signal: 'SIGKILL' } });
    expect(kafka.snapshot()).toMatchObject({
      state: 'running',
      pid: 1002,
      restarts: 1,
      lastExit: 'it was ended by SIGKILL',
    });
    await kafka.stop(1000);
    expect(kafka.snapshot()).toMatchObject({ state: 'stopped', pid: undefined });
    expect(process.launches).toBe(2);
  });

  it('tells of a restart that failed and goes on trying', async () => {
    const process = new FakeProcess('kafka');
    const events: SupervisorEvent[] = [];
    const kafka = part(process, (event) => events.push(event));
    await kafka.start();
    process.endsAtStart = 2;
    process.die();
    await until(() => events.some(({ kind }) => kind === 'part_recovered'));
    const told = events.flatMap((event) => (event.kind === 'part_exited' ? [event.exit.how] : []));
    expect(told).toEqual([
      'it was ended by SIGKILL',
      'kafka did not start: it ended with exit code 3',
    ]);
    expect(kafka.snapshot().restarts).toBe(2);
    await kafka.stop(1000);
  });

  it('tries a first start again that ended at once', async () => {
    const process = new FakeProcess('postgres');
    process.endsAtStart = 1;
    const postgres = part(process);
    await postgres.start();
    expect(process.launches).toBe(2);
    await postgres.stop(1000);
  });

  it('gives up a first start that ends again and again', async () => {
    const process = new FakeProcess('postgres');
    process.endsAtStart = 99;
    await expect(part(process).start()).rejects.toMatchObject({
      code: 'NOVA_CLI_START_FAILED',
      message: 'postgres did not start: it ended with exit code 3',
    });
    expect(process.launches).toBe(3);
  });

  it('kills a process that does not end in its time', async () => {
    const process = new FakeProcess('relay');
    process.obeys = false;
    const relay = part(process);
    await relay.start();
    expect(await relay.stop(20)).toBe('killed');
    expect(process.signals).toEqual(['SIGTERM', 'SIGKILL']);
  });

  it('ends a process that is stopped before it answered', async () => {
    const process = new FakeProcess('kafka');
    process.answers = false;
    const kafka = part(process);
    const started = kafka.start();
    started.catch(() => {});
    await until(() => process.launches === 1);
    await kafka.stop(1000);
    await expect(started).rejects.toMatchObject({ code: 'NOVA_CLI_START_FAILED' });
    expect(kafka.snapshot().state).toBe('stopped');
    expect(process.launches).toBe(1);
  });

  it('stops harmlessly twice and before its start', async () => {
    const kafka = part(new FakeProcess('kafka'));
    expect(await kafka.stop(10)).toBe('was_not_running');
    expect(await kafka.stop(10)).toBe('was_not_running');
    await expect(kafka.start()).rejects.toMatchObject({ code: 'NOVA_CLI_START_FAILED' });
  });
});

describe('Supervisor', () => {
  const order: string[] = [];
  const setUp = () => {
    order.length = 0;
    const processes = ['postgres', 'kafka', 'events-service'].map((name) => new FakeProcess(name));
    const parts = processes.map((process) => part(process));
    const [postgres, kafka, events] = parts;
    if (!(postgres && kafka && events)) throw new Error('three parts');
    const plan: PlanStep[] = [
      { name: 'events-service', needs: ['databases', 'kafka'], part: events },
      {
        name: 'databases',
        needs: ['postgres'],
        task: () => {
          order.push(`databases while postgres is ${postgres.snapshot().state}`);
          return Promise.resolve('1 database');
        },
      },
      { name: 'postgres', needs: [], part: postgres },
      { name: 'kafka', needs: [], part: kafka },
    ];
    return { plan, processes, parts };
  };

  it('starts every step after what it needs and tells what was done', async () => {
    const { plan, parts } = setUp();
    const events: SupervisorEvent[] = [];
    const supervisor = new Supervisor(plan, systemClock, (event) => events.push(event));
    await supervisor.start();
    expect(order).toEqual(['databases while postgres is running']);
    expect(parts.map((each) => each.snapshot().state)).toEqual(['running', 'running', 'running']);
    const done = events.filter((event) => event.kind === 'step_done').map(({ step }) => step);
    expect(done.indexOf('databases')).toBeGreaterThan(done.indexOf('postgres'));
    expect(done.at(-1)).toBe('events-service');
    expect(events.at(-1)).toMatchObject({ kind: 'ready' });
    await supervisor.stop();
    expect(parts.map((each) => each.snapshot().state)).toEqual(['stopped', 'stopped', 'stopped']);
  });

  it('stops what nothing depends on first', () => {
    const names = stopLevels(setUp().plan).map((level) => level.map(({ name }) => name));
    expect(names).toEqual([['events-service'], ['postgres', 'kafka']]);
  });

  it('stops what a part uses after it, also where the part did not wait for it', () => {
    const step = (name: string, uses: readonly string[] = []): PlanStep => ({
      name,
      needs: [],
      uses,
      part: part(new FakeProcess(name)),
    });
    const plan = [step('messaging-service', ['kafka']), step('kafka'), step('relay', ['kafka'])];
    const names = stopLevels(plan).map((level) => level.map(({ name }) => name));
    expect(names).toEqual([['messaging-service', 'relay'], ['kafka']]);
  });

  it('stops everything and throws the first failure when a step fails', async () => {
    const { plan, processes } = setUp();
    const kafka = processes[1];
    if (kafka === undefined) throw new Error('three processes');
    kafka.endsAtStart = 99;
    const supervisor = new Supervisor(plan, systemClock, () => {});
    await expect(supervisor.start()).rejects.toMatchObject({
      message: 'kafka did not start: it ended with exit code 3',
    });
    expect(processes[0]?.signals).toEqual(['SIGTERM']);
    expect(processes[2]?.launches).toBe(0);
  });

  it('leaves nothing running when it is stopped while it starts', async () => {
    const { plan, processes } = setUp();
    const kafka = processes[1];
    if (kafka === undefined) throw new Error('three processes');
    kafka.answers = false;
    const supervisor = new Supervisor(plan, systemClock, () => {});
    const started = supervisor.start().catch((thrown: unknown) => thrown);
    await until(() => kafka.launches === 1);
    await supervisor.stop();
    expect(wasStopped(await started)).toBe(true);
    expect(kafka.signals).toContain('SIGTERM');
    expect(processes[2]?.launches).toBe(0);
  });

  it('refuses a plan whose steps need each other', () => {
    expect(() =>
      inOrder([
        { name: 'a', needs: ['b'] },
        { name: 'b', needs: ['a'] },
      ]),
    ).toThrow('no order for a, b');
  });
});
