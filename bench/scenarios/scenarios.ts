import type { Scenario } from '../harness/scenario.ts';
import type { ScenarioName } from '../names.ts';
import { e1 } from './e1-import.ts';
import { w1 } from './w1-drain.ts';
import { w1b } from './w1b-memory.ts';
import { w2 } from './w2-debezium.ts';
import { w3 } from './w3-latency.ts';
import { w4 } from './w4-backlog.ts';
import { w5 } from './w5-relays.ts';
import { w6 } from './w6-held.ts';
import { w8 } from './w8-append.ts';
import { w8rpc } from './w8-publish.ts';
import { w9 } from './w9-consume.ts';
import { w9redis } from './w9-redis.ts';
import { w10 } from './w10-rebuild.ts';
import { w11 } from './w11-troubles.ts';
import { w13 } from './w13-killed.ts';
import { w14 } from './w14-idle.ts';
import { w14services } from './w14-services.ts';

/** All scenarios. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  w1,
  w2,
  w1b,
  w8,
  w8rpc,
  w4,
  w3,
  w5,
  w9,
  w9redis,
  w10,
  w14,
  w14services,
  w13,
  w11,
  e1,
  w6,
};
