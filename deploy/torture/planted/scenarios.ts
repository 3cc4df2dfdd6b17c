import { randomUUID } from 'node:crypto';
import { DEFAULT_PARTITIONS, partitionOf, topicOf } from '@nova/events';
import type { Queryable } from '@nova/postgres';
import { sleep } from '@nova/time';
import type { AskedEvent } from '../checker/history.ts';
import { republish } from './republish.ts';
import { type ConsumerRig, TYPES, until, type World } from './world.ts';

type Scenario = (world: World) => Promise<void>;

/** A conversation that is in this partition of its topics. */
function conversationIn(partition: number): string {
  for (;;) {
    const id = randomUUID();
    if (partitionOf(id, DEFAULT_PARTITIONS) === partition) return id;
  }
}

function message(aggregate: string, more: Partial<AskedEvent> = {}): AskedEvent {
  const payload = { message_id: randomUUID(), sender_id: randomUUID(), content: 'hello' };
  return { id: randomUUID(), type: 'message_created', aggregate, payload, ...more };
}

const messages = (aggregate: string, count: number) =>
  Array.from({ length: count }, () => message(aggregate));

/** 16 conversations, two per partition, with messages, edits of them and members. */
async function load(world: World, rounds: number): Promise<void> {
  const ids = Array.from({ length: 2 * DEFAULT_PARTITIONS }, (_, n) =>
    conversationIn(n % DEFAULT_PARTITIONS),
  );
  for (let round = 0; round < rounds; round += 1) {
    for (const id of ids) {
      const said = messages(id, 2);
      const payload = {
        message_id: messageOf(said[0]),
        editor_id: randomUUID(),
        content: 'mended',
      };
      const edit = { ...message(id), type: 'message_edited', payload };
      const joined = { ...message(id), type: 'member_added', payload: { user_id: randomUUID() } };
      await world.ask([[...said, edit], [joined]]);
    }
  }
}

/** Whether somebody waits for what this transaction has locked. */
async function hasWaiting(tx: Queryable): Promise<boolean> {
  const waiting = await tx.query(
    `SELECT 1 FROM pg_locks
     WHERE NOT granted AND locktype = 'transactionid' AND transactionid = pg_current_xact_id()::xid`,
  );
  return waiting.length > 0;
}

function messageOf(event: AskedEvent | undefined): unknown {
  return typeof event?.payload === 'object' ? event.payload['message_id'] : undefined;
}

/** Short stories, each with what makes some planted bug bite. Without one, all of them end well. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  async 'plain load'(world) {
    await world.startRelay();
    await world.startConsumer();
    await load(world, 2);
    await world.settle();
  },

  async 'much load'(world) {
    await world.startRelay();
    await world.ask([messages(conversationIn(0), 500)]);
    await world.ask([messages(conversationIn(1), 500)]);
    await world.ask([messages(conversationIn(2), 500)]);
    await world.startConsumer();
    await world.settle();
  },

  async 'slow commit'(world) {
    await world.startRelay();
    await world.startConsumer();
    await world.ask([messages(conversationIn(0), 1)]);
    await world.settle();
    let others: Promise<void> | undefined;
    let areOvertaking = false;
    const place = { topic: topicOf('message_created'), partition: 2 };
    await world.database.transaction(async (tx) => {
      await world.ask([messages(conversationIn(1), 1)], tx);
      // They wait for the lock, or overtake where there is none; then the relay is to pass them on.
      others = world.ask([messages(conversationIn(2), 3)]).then(() => {
        areOvertaking = true;
      });
      await until(async () => {
        const isWaitedFor = await hasWaiting(tx);
        return areOvertaking ? world.topics.of(place).length === 3 : isWaitedFor;
      });
    });
    await others;
    await world.settle();
  },

  async 'topics lost'(world) {
    await world.startRelay();
    const consumer = await world.startConsumer();
    await load(world, 1);
    await world.settle();
    await consumer.stop();
    for (const topic of TYPES.map(topicOf)) {
      for (let partition = 0; partition < DEFAULT_PARTITIONS; partition += 1) {
        world.topics.of({ topic, partition }).length = 0;
      }
    }
    await republish(world.database);
    await world.settle();
  },

  async 'empty answer'(world) {
    let answers = 0;
    world.take = (batch) => {
      answers += 1;
      return answers === 3 ? Promise.resolve([]) : world.accept(batch);
    };
    await world.startRelay();
    await world.startConsumer();
    await load(world, 1);
    await world.settle();
  },

  async 'exclusive conditions'(world) {
    await world.startRelay();
    await world.startConsumer();
    const id = conversationIn(0);
    await world.ask([messages(id, 1)]);
    await world.ask([[message(id, { onVersion: 1 })], [message(id, { onVersion: 1 })]]);
    await world.settle();
  },

  async 'death before the commit'(world) {
    const rig: ConsumerRig = {};
    await world.startRelay();
    const consumer = await world.startConsumer(rig);
    let deaths = 0;
    rig.beforeCommit = (movesMarks) => {
      if (movesMarks) deaths += 1;
      // What is dead commits nothing more.
      if (deaths > 0) throw new Error('planted: killed');
    };
    await world.ask([messages(conversationIn(0), 1)]);
    await until(() => deaths > 0);
    await consumer.stop();
    await world.startConsumer();
    await world.settle();
  },

  async 'commit fails once'(world) {
    let failures = 0;
    await world.startRelay();
    await world.startConsumer({
      beforeCommit(movesMarks) {
        if (!movesMarks || failures > 0) return;
        failures += 1;
        throw new Error('planted: the answer was lost');
      },
    });
    await world.ask([messages(conversationIn(0), 3)]);
    await world.settle();
    await world.ask([messages(conversationIn(0), 3)]);
    await world.settle();
  },

  async poison(world) {
    await world.startRelay();
    await world.startConsumer();
    const id = conversationIn(0);
    await world.ask([messages(id, 2)]);
    await world.ask([[message(id, { payload: '{"content":' })]]);
    await world.ask([messages(id, 2), messages(conversationIn(0), 2)]);
    await world.settle();
  },

  async 'zombie member'(world) {
    const rig: { gate?: Promise<void> } = {};
    await world.startRelay();
    const id = conversationIn(0);
    await world.startConsumer(rig);
    await world.ask([messages(id, 5)]);
    await world.settle();
    const gate = Promise.withResolvers<void>();
    rig.gate = gate.promise;
    await world.ask([messages(id, 5)]);
    await sleep(500);
    // It sleeps with the next five in its hands; somebody else applies them.
    const successor = await world.startConsumer();
    await until(() => successor.status().appliedTotal >= 5);
    await sleep(100);
    gate.resolve();
    await world.settle();
  },

  async 'two members'(world) {
    const pause = Promise.withResolvers<void>();
    let paused = 0;
    await world.startRelay();
    const said = messages(conversationIn(0), 6);
    const first = await world.startConsumer();
    // Called by the planted bug alone: between the rows and their marks.
    Reflect.set(globalThis, 'plantedPause', () => {
      paused += 1;
      return paused === 1 ? pause.promise : undefined;
    });
    // All six in one round.
    world.topics.stall(topicOf('message_created'));
    await world.ask([said]);
    const place = { topic: topicOf('message_created'), partition: 0 };
    await until(() => world.topics.of(place).length === said.length);
    world.topics.letGo(place.topic);
    await until(() => paused > 0 || first.status().appliedTotal === said.length);
    const withheld = new Set(said.slice(3).map(({ id }) => id));
    const other = await world.startConsumer({ withheld });
    // Without the bug the first member has applied all by now.
    await until(
      () =>
        first.status().appliedTotal === said.length ||
        other.status().appliedTotal + other.status().duplicateTotal >= 3,
    );
    pause.resolve();
    await world.settle();
  },

  async 'last record not delivered'(world) {
    const last = message(conversationIn(0));
    await world.startRelay();
    const consumer = await world.startConsumer({
      withheld: new Set([last.id]),
      settings: { tailIntervalMs: 150, tailGraceMs: 0 },
    });
    await world.ask([messages(last.aggregate, 2)]);
    await world.ask([[last]]);
    // The last one by the tail check, whose fill is counted before it is applied.
    await until(() => consumer.status().appliedTotal === 3);
  },
};
