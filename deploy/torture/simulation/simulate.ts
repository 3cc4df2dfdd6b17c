import { createHash } from 'node:crypto';
import type { StoredEvent } from '@nova/events';
import type { Fate } from '../../../libs/outbox/src/testing/fake-publisher.ts';
import { RelayRig } from '../../../libs/outbox/src/testing/relay-rig.ts';
import { History, type HistoryLine } from '../checker/history.ts';
import { judge } from '../checker/judge.ts';
import type { Verdict } from '../checker/verdict.ts';
import { seededRandom } from '../faults/seeded-random.ts';
import { type CommitFate, Member } from './member.ts';
import { observe } from './observe.ts';
import { SimulatedTopics } from './topics.ts';
import { ViewStore } from './view-store.ts';
import { VirtualTime } from './virtual-time.ts';

/** What became of a seed. */
export interface Simulated {
  readonly seed: number;
  /** What the relays did that they must never do; what kept the simulation from its end. */
  readonly offences: readonly string[];
  readonly verdict: Verdict;
  /** Of everything that happened, in its order: the same for the same seed. */
  readonly trace: string;
}

const AGGREGATES = Array.from(
  { length: 6 },
  (_, n) => `0${n}9c1d2e-0000-4000-8000-00000000000${n}`,
);
const TYPES = ['message_created', 'message_created', 'member_added', 'conversation_updated'];
const FATES: readonly Fate[] = ['reject', 'reject-half', 'reject-late', 'hang'];
const STEPS = 30;
const WORK_EVERY_MS = 10;
const ENDS_WITHIN_MS = 120_000;

/**
 * The relay and the core of a consumer in one process, with a time of their own: two relays, a broker
 * that rejects, hangs and doubles, a log that goes away, two members that fail, sleep and change
 * places. All that happens follows from the seed. In the end everything is healed, and the checker
 * judges.
 */
export async function simulate(seed: number): Promise<Simulated> {
  const random = seededRandom(seed);
  const time = new VirtualTime();
  time.install(random);
  try {
    return await new Simulation(seed, random, time).run();
  } finally {
    time.restore();
  }
}

class Simulation {
  readonly #seed: number;
  readonly #random: () => number;
  readonly #time: VirtualTime;
  readonly #rig: RelayRig;
  readonly #store = new ViewStore();
  readonly #topics: SimulatedTopics;
  readonly #members: readonly Member[];
  readonly #history: HistoryLine[] = [];
  readonly #trace = createHash('sha256');
  readonly #previous = new Map<string, Record<string, bigint>>();
  /** Members that sleep. */
  readonly #asleep = new Set<Member>();
  #commitFates: readonly CommitFate[] = ['commits'];
  readonly #offences: string[] = [];
  /** Ids of what has arrived, as far as it was looked at. */
  readonly #arrived = new Set<string>();
  #looked = 0;
  #workedAtMs = 0;

  constructor(seed: number, random: () => number, time: VirtualTime) {
    this.#seed = seed;
    this.#random = random;
    this.#time = time;
    this.#rig = new RelayRig({
      windowRows: 3 + Math.floor(random() * 40),
      pollIntervalMs: 100,
      advanceIntervalMs: 25,
      leaseMs: 2000,
      renewIntervalMs: 300,
      slowSendMs: 100,
      stopDeadlineMs: 200,
    });
    this.#rig.lanes.onAdvance = (lane, position) => this.#checkAdvance(lane, position);
    this.#topics = new SimulatedTopics(this.#rig.publisher);
    this.#members = [0, 1].map(() => new Member(this.#topics, this.#rig.log.events, this.#store));
    this.#store.onCommit = ({ marks }) =>
      this.#note('commit', [...marks].map(([name, version]) => `${name} ${version}`).join());
  }

  async run(): Promise<Simulated> {
    const relays = ['one', 'two'].map((name) => this.#rig.relay(name));
    for (const relay of relays) await relay.start();
    this.#assign(0.5);
    for (let step = 0; step < STEPS; step += 1) {
      this.#happen(relays);
      const pauseMs = this.#random() * 250;
      await this.#time.run(() => this.#work(), pauseMs);
    }
    this.#heal(relays);
    const isDone = () => {
      this.#work();
      const { publisher, log } = this.#rig;
      if (publisher.hanging() > 0) publisher.release();
      const isPublished = this.#arrived.size === log.events.length;
      return isPublished && this.#members.every((member) => member.isIdle());
    };
    const hasEnded = await this.#time.run(isDone, ENDS_WITHIN_MS);
    const stopped = Promise.all(relays.map((relay) => relay.stop())).then(() => true);
    let isStopped = false;
    void stopped.then(() => {
      isStopped = true;
    });
    await this.#time.run(() => isStopped, ENDS_WITHIN_MS);
    const { log, publisher } = this.#rig;
    const offences = this.#offences;
    return {
      seed: this.#seed,
      offences: hasEnded ? offences : [...offences, 'not everything came to its end'],
      verdict: judge(
        new History(this.#history),
        observe(log.events, publisher.arrived, this.#store.rows.values()),
      ),
      trace: this.#trace.digest('hex'),
    };
  }

  /** One thing that follows from the seed. */
  #happen(relays: readonly ReturnType<RelayRig['relay']>[]): void {
    const share = this.#random();
    const { publisher, log } = this.#rig;
    if (share < 0.5) this.#append(1 + Math.floor(this.#random() * 12));
    else if (share < 0.6) {
      const broken = Math.floor(this.#random() * 256);
      const fate = this.#pick(FATES);
      publisher.fate = ({ partition }) => ((broken >> partition) & 1 ? fate : 'accept');
    } else if (share < 0.68) {
      publisher.fate = () => 'accept';
      publisher.release();
    } else if (share < 0.74) log.isGone = !log.isGone;
    else if (share < 0.82) this.#pick(relays).pause();
    else if (share < 0.88) this.#pick(relays).resume();
    else if (share < 0.92) this.#assign(this.#random());
    else if (share < 0.96) {
      this.#commitFates = this.#pick([
        ['commits'],
        ['commits', 'fails'],
        ['commits', 'fails', 'commits, and the answer is lost'],
      ]);
    } else {
      const member = this.#pick(this.#members);
      if (!this.#asleep.delete(member)) this.#asleep.add(member);
    }
    this.#note('happen', String(share));
  }

  #heal(relays: readonly ReturnType<RelayRig['relay']>[]): void {
    const { publisher, log } = this.#rig;
    publisher.fate = () => 'accept';
    publisher.release();
    log.isGone = false;
    for (const relay of relays) relay.resume();
    this.#asleep.clear();
    this.#commitFates = ['commits'];
  }

  /** Partition numbers below the share are the first member's, the others the second one's. */
  #assign(share: number): void {
    const numbers = Array.from({ length: this.#topics.partitions }, (_, number) => number);
    const border = Math.round(share * numbers.length);
    const [first, second] = this.#members;
    first?.assign(new Set(numbers.filter((number) => number < border)));
    second?.assign(new Set(numbers.filter((number) => number >= border)));
  }

  /** What members do in every moment; never what the simulation waits for. */
  #work(): boolean {
    this.#lookAtTopics();
    if (this.#time.nowMs - this.#workedAtMs < WORK_EVERY_MS) return false;
    this.#workedAtMs = this.#time.nowMs;
    for (const member of this.#members) {
      if (this.#asleep.has(member)) continue;
      member.fetch();
      // A round that was gathered is committed now or later: others may come between.
      if (this.#random() < 0.7) member.commit(this.#time.nowMs, this.#pick(this.#commitFates));
      member.gather(this.#time.nowMs);
    }
    return false;
  }

  #lookAtTopics(): void {
    const { arrived } = this.#rig.publisher;
    for (; this.#looked < arrived.length; this.#looked += 1) {
      const record = arrived[this.#looked];
      const id = record?.headers['ce_id'] ?? '';
      this.#arrived.add(id);
      this.#note('arrived', `${record?.topic} ${record?.partition} ${id}`);
    }
  }

  /** A lane's position says that everything up to it is in its topic. */
  #checkAdvance(lane: number, position: bigint): void {
    this.#lookAtTopics();
    for (const { lane: own, position: at, eventId } of this.#rig.log.events) {
      if (own !== lane || at.position > position || this.#arrived.has(eventId)) continue;
      this.#offences.push(`lane ${lane} moved to ${position} without ${at.position}`);
    }
  }

  #append(count: number): void {
    for (let n = 0; n < count; n += 1) {
      const aggregate = this.#pick(AGGREGATES);
      const type = this.#pick(TYPES);
      const previous = this.#previous.get(aggregate) ?? {};
      const { log } = this.#rig;
      const stored = log.append(aggregate, type);
      const payload = payloadOf(type, log.events.length);
      const event: StoredEvent = {
        ...stored,
        previous,
        payload: Buffer.from(JSON.stringify(payload)),
      };
      // Readers come later: nothing is read in the turn in which it is appended.
      log.events[log.events.length - 1] = event;
      this.#previous.set(aggregate, { ...previous, [type]: event.aggregateVersion });
      this.#told(event, payload);
    }
  }

  #told(event: StoredEvent, payload: Readonly<Record<string, string>>): void {
    const { eventId: id, eventType: type, aggregateId: aggregate } = event;
    const at = this.#time.nowMs;
    const position = Number(event.position.position);
    const told = { id, version: Number(event.aggregateVersion), position };
    this.#history.push(
      { at, kind: 'asked', request: id, events: [{ id, type, aggregate, payload }] },
      { at, kind: 'acknowledged', request: id, events: [told] },
    );
  }

  #note(kind: string, text: string): void {
    this.#trace.update(`${this.#time.nowMs} ${kind} ${text}\n`);
  }

  #pick<T>(from: readonly T[]): T {
    const found = from[Math.floor(this.#random() * from.length)];
    if (found === undefined) throw new RangeError('nothing to pick from');
    return found;
  }
}

function payloadOf(type: string, n: number): Record<string, string> {
  const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  if (type === 'member_added') return { user_id: id };
  if (type === 'conversation_updated') return { name: `name ${n}` };
  return { message_id: id, sender_id: id, content: `word ${n}` };
}
