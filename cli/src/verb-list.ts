import type { Verb } from './verb.ts';
import { bench } from './verbs/bench.ts';
import { doctor } from './verbs/doctor.ts';
import { down } from './verbs/down.ts';
import { importIrc } from './verbs/import-irc.ts';
import { logs } from './verbs/logs.ts';
import { outboxParkedList, outboxParkedRetry, outboxStatus } from './verbs/outbox.ts';
import {
  parkedActs,
  parkedCancel,
  parkedDiscard,
  parkedGroups,
  parkedList,
  parkedReplay,
  parkedShow,
} from './verbs/parked.ts';
import { publish } from './verbs/publish.ts';
import { relayParkedList } from './verbs/relay-parked-list.ts';
import { relayParkedRetry } from './verbs/relay-parked-retry.ts';
import { relayRebase } from './verbs/relay-rebase.ts';
import { relayRepublish } from './verbs/relay-republish.ts';
import { replayCancel, replaySubscription, replayView } from './verbs/replay.ts';
import { reset } from './verbs/reset.ts';
import {
  schemaAsyncApi,
  schemaCheck,
  schemaDeprecate,
  schemaDiff,
  schemaGet,
  schemaList,
  schemaRegister,
} from './verbs/schema.ts';
import { status } from './verbs/status.ts';
import {
  subscribeConsume,
  subscribeCreate,
  subscribeDelete,
  subscribeList,
  subscribeParkedDiscard,
  subscribeParkedList,
  subscribeParkedReplay,
  subscribeResume,
  subscribeShow,
  subscribeStop,
  subscribeUpdate,
} from './verbs/subscribe.ts';
import { tail } from './verbs/tail.ts';
import { test } from './verbs/test.ts';
import { topics } from './verbs/topics.ts';
import { trace } from './verbs/trace.ts';
import { up } from './verbs/up.ts';
import { viewCancel, viewRebuild, viewStatus } from './verbs/view.ts';

/** All verbs, in the order of `./nova --help`. A new verb is one file and one row here. */
export const verbs: readonly Verb[] = [
  up,
  down,
  reset,
  status,
  logs,
  doctor,
  publish,
  tail,
  trace,
  topics,
  importIrc,
  schemaRegister,
  schemaGet,
  schemaList,
  schemaDeprecate,
  schemaCheck,
  schemaDiff,
  schemaAsyncApi,
  subscribeCreate,
  subscribeList,
  subscribeShow,
  subscribeConsume,
  subscribeUpdate,
  subscribeStop,
  subscribeResume,
  subscribeDelete,
  subscribeParkedList,
  subscribeParkedReplay,
  subscribeParkedDiscard,
  replaySubscription,
  replayView,
  replayCancel,
  parkedList,
  parkedGroups,
  parkedShow,
  parkedReplay,
  parkedDiscard,
  parkedActs,
  parkedCancel,
  relayParkedList,
  relayParkedRetry,
  relayRepublish,
  relayRebase,
  outboxStatus,
  outboxParkedList,
  outboxParkedRetry,
  viewRebuild,
  viewStatus,
  viewCancel,
  test,
  bench,
];
