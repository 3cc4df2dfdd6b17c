/**
 * Names of spans. One trace leads from the call through the append to the send: `server` around
 * the call, `append` around the statement, `publish` around one send of the relay.
 */
export const spanNames = {
  append: 'append',
  relaySend: (topic: string) => `send ${topic}`,
  rpc: (service: string, method: string) => `${service}/${method}`,
} as const;

/** Attribute names of spans, as the OpenTelemetry semantic conventions have them. */
export const spanAttributes = {
  rpcSystem: 'rpc.system',
  rpcService: 'rpc.service',
  rpcMethod: 'rpc.method',
  rpcStatus: 'rpc.grpc.status_code',
  messagingSystem: 'messaging.system',
  messagingOperation: 'messaging.operation.type',
  messagingDestination: 'messaging.destination.name',
  messagingPartition: 'messaging.destination.partition.id',
  messagingBatchSize: 'messaging.batch.message_count',
  messagingMessageId: 'messaging.message.id',
  errorType: 'error.type',
  eventType: 'nova.event_type',
  events: 'nova.events',
  correlationId: 'nova.correlation_id',
} as const;
