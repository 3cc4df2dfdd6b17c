import type { Output } from './output.ts';
import { SAMPLE } from './sample.ts';

/** What is printed about a stack that runs. */
export interface StackAddresses {
  readonly events: string;
  readonly messaging: string;
  readonly notification: string;
  readonly search: string;
  readonly kafka: string;
  readonly postgres: string;
  readonly redis: string;
  readonly port_offset: number;
}

/** The payload of the example, in the words of conventions §3 with the ids written out. */
const EXAMPLE = {
  event_type: 'message_created',
  aggregate_id: '550e8400-e29b-41d4-a716-446655440000',
  payload: {
    message_id: '7d5a3c1e-9b8f-4e2d-a6c4-0f1e2d3c4b5a',
    sender_id: '3f2b8c6d-1a4e-4f7b-9c5d-8e6f7a0b1c2d',
    content: 'hello',
  },
};

/** The grpcurl line that stores a first event, to be typed as it stands. */
export function grpcurlLine(events: string): string {
  return `grpcurl -plaintext -d '${JSON.stringify(EXAMPLE)}' ${events} events.EventsService/PublishEvent`;
}

/** Somebody in the sample: the user of the nick marlow in the network chat. */
const READER = 'd00053e0-ae24-5f5e-b9be-8bca7b44a519';

/** The next things to try, each with its command. */
export function nextSteps({
  kafka,
  search,
  port_offset,
}: Pick<StackAddresses, 'kafka' | 'search' | 'port_offset'>): {
  meaning: string;
  command: string;
}[] {
  const query = JSON.stringify({ user_id: READER, query: 'lighthuose' });
  const offset = port_offset === 0 ? '' : ` --port-offset ${port_offset}`;
  return [
    {
      meaning: 'see it arrive in Kafka, key, headers and value',
      command: `kcat -b ${kafka} -t nova_events_message_created -C -e -q -f '%k %h %s\\n'`,
    },
    {
      meaning: 'bring in real chat logs: one conversation per file',
      command: `./nova import irc ${SAMPLE} --wait${offset}`,
    },
    {
      meaning: 'search what marlow has read in them, typing badly',
      command: `grpcurl -plaintext -d '${query}' ${search} search.SearchService/SearchMessages`,
    },
    { meaning: 'watch events as they are published', command: `./nova tail${offset}` },
  ];
}

/** Prints addresses, the first event and what to try next. */
export function printFirstSteps(addresses: StackAddresses, out: Output): void {
  const { style } = out;
  const { events, messaging, notification, search, kafka, postgres, redis } = addresses;
  const rows = [
    ['events-service', `${events}  (gRPC, with reflection, as are the three below)`],
    ['messaging', messaging],
    ['notification', notification],
    ['search', search],
    ['Kafka', kafka],
    ['PostgreSQL', postgres],
    ['Redis', redis],
  ] as const;
  for (const [name, text] of rows) out.line(`  ${name.padEnd(14)}  ${text}`);
  out.line();
  out.line(style.strong('Store a first event:'));
  out.line(`  ${grpcurlLine(addresses.events)}`);
  out.line();
  out.line(style.strong('Then try:'));
  nextSteps(addresses).forEach(({ meaning, command }, index) => {
    out.line(`  ${index + 1}. ${meaning}`);
    out.line(`     ${command}`);
  });
}
