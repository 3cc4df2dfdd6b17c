import { option } from '../option.ts';
import type { RuleName } from '../schemas/schema-call.ts';
import { defineVerb } from '../verb.ts';

const TYPE = { name: '<event_type>', doc: 'two or more words in snake_case, such as order_placed' };
const FILE = { name: '<file>', doc: 'JSON Schema 2020-12 of the payload; - for standard input' };

const CHOICES: readonly RuleName[] = [
  'KEEP',
  'BACKWARD',
  'FORWARD',
  'FULL',
  'BACKWARD_ALL',
  'FORWARD_ALL',
  'FULL_ALL',
  'NONE',
];
const compatibility = option.choice<RuleName>({
  flags: '--compatibility <rule>',
  doc: 'the rule for new versions; KEEP: the one that holds, at first BACKWARD',
  choices: CHOICES,
  default: 'KEEP',
});

/** `schema register`: an event type of another team, or its next version. */
export const schemaRegister = defineVerb({
  name: 'schema register',
  summary: 'register an event type of your own, or the next version of its schema',
  description:
    'Makes the topic and lets events of the type be published; each is judged by the newest ' +
    'version. Readers ignore properties that their schema does not name. docs/schemas.md.',
  args: [TYPE, FILE],
  options: {
    aggregateType: option.text({
      flags: '--aggregate-type <type>',
      doc: 'what its events are about; needed the first time',
    }),
    owner: option.text({
      flags: '--owner <team>',
      doc: 'who publishes it; needed the first time',
    }),
    compatibility,
  },
  examples: [
    {
      command:
        './nova schema register order_placed order_placed.json --aggregate-type order --owner shop',
      meaning: 'a new type',
    },
    {
      command: './nova schema register order_placed order_placed.json',
      meaning: 'its next version',
    },
  ],
  async run(invocation) {
    // Loaded only here, so that help and other verbs do not load gRPC.
    const { runRegister } = await import('../schemas/run-register.ts');
    return await runRegister(invocation, invocation.options);
  },
});

/** `schema get`: a schema. */
export const schemaGet = defineVerb({
  name: 'schema get',
  summary: 'the schema of an event type, also of one of nova',
  args: [TYPE, { name: '[version]', doc: 'by default the last one' }],
  options: {},
  examples: [
    { command: './nova schema get order_placed > order_placed.json', meaning: 'to edit it' },
    {
      command: './nova schema get order_placed 1 -o json',
      meaning: 'all about a version',
    },
  ],
  async run(invocation) {
    const { runGet } = await import('../schemas/run-get.ts');
    return await runGet(invocation);
  },
});

/** `schema list`: the types. */
export const schemaList = defineVerb({
  name: 'schema list',
  summary: 'the registered event types',
  options: {
    owner: option.text({ flags: '--owner <team>', doc: 'only those of one team' }),
    all: option.flag({ flags: '--all', doc: "nova's own types as well" }),
  },
  examples: [{ command: './nova schema list --owner shop', meaning: 'those of one team' }],
  async run(invocation) {
    const { runList } = await import('../schemas/run-get.ts');
    return await runList(invocation, invocation.options);
  },
});

/** `schema deprecate`: say that a type should not be used any more. */
export const schemaDeprecate = defineVerb({
  name: 'schema deprecate',
  summary: 'say that an event type should not be used any more',
  description:
    'Its events are published and read as before; it gets no further versions. Shown wherever the ' +
    'type is.',
  args: [TYPE],
  options: {
    reason: option.text({ flags: '--reason <text>', doc: 'what to use instead' }),
    undo: option.flag({ flags: '--undo', doc: 'take it back' }),
  },
  examples: [
    {
      command: './nova schema deprecate order_placed --reason "use order_accepted"',
      meaning: 'for everybody to see',
    },
  ],
  async run(invocation) {
    const { runDeprecate } = await import('../schemas/run-register.ts');
    return await runDeprecate(invocation, invocation.options);
  },
});

/** `schema check`: would it be taken? */
export const schemaCheck = defineVerb({
  name: 'schema check',
  summary: 'whether a schema may be the next version; exit code 1 where not',
  args: [TYPE, FILE],
  options: { compatibility },
  examples: [
    { command: './nova schema check order_placed order_placed.json', meaning: 'for a build' },
    {
      command: './nova schema check order_placed order_placed.json --compatibility FULL_ALL',
      meaning: 'by a rule that does not hold',
    },
  ],
  async run(invocation) {
    const { runCheck } = await import('../schemas/run-check.ts');
    return await runCheck(invocation, invocation.options);
  },
});

/** `schema diff`: whom would it break? */
export const schemaDiff = defineVerb({
  name: 'schema diff',
  summary: 'which consumers a changed schema would break; exit code 1 where some',
  description:
    'Compares with the last version: what readers of that would not understand, and every ' +
    'registered consumer and subscription that reads the type. nova knows types, not fields, so ' +
    'all of them are named.',
  args: [TYPE, FILE],
  options: {},
  examples: [
    {
      command: './nova schema diff order_placed order_placed.json',
      meaning: 'before it is registered',
    },
  ],
  async run(invocation) {
    const { runDiff } = await import('../schemas/run-check.ts');
    return await runDiff(invocation);
  },
});

/** `schema asyncapi`: the catalogue as AsyncAPI. */
export const schemaAsyncApi = defineVerb({
  name: 'schema asyncapi',
  summary: 'the AsyncAPI 3 document of all event types, for portals and generators',
  options: {},
  examples: [
    { command: './nova schema asyncapi > asyncapi.json', meaning: 'built-in and registered' },
  ],
  async run(invocation) {
    const { runAsyncApi } = await import('../schemas/run-asyncapi.ts');
    const { version } = await import('../version.ts');
    return await runAsyncApi(invocation, version);
  },
});
