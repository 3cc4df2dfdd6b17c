/** Every metric of nova by the name under which Prometheus shows it (`conventions` §6). */
export const metricNames = {
  outboxPending: 'cqrs_outbox_pending_count',
  outboxPublishLag: 'cqrs_outbox_publish_lag_seconds',
  outboxOldestPendingAge: 'nova_outbox_oldest_pending_age_seconds',
  eventsPublished: 'cqrs_events_published_total',
  eventsProcessed: 'cqrs_events_processed_total',
  eventProcessingDuration: 'cqrs_event_processing_duration_seconds',
  workerErrors: 'cqrs_worker_errors_total',
  deadLetters: 'cqrs_dlq_messages_total',
  consumerLag: 'cqrs_consumer_lag_messages',
  consumerLagSeconds: 'nova_consumer_lag_seconds',
  filledEvents: 'nova_consumer_filled_events_total',
  consumerLogReads: 'nova_consumer_log_reads_total',
  foreignRecords: 'nova_foreign_records_total',
  retryAttempts: 'cqrs_retry_attempts_total',
  duplicateEvents: 'cqrs_duplicate_events_total',
  consistencyChecks: 'consistency_check_total',
  syncLatency: 'sync_latency_seconds',
  queryDuration: 'query_duration_seconds',
  relayLaneOwned: 'nova_relay_lane_owned',
  parkedEvents: 'nova_parked_events',
  parkedAggregates: 'nova_parked_aggregates',
  parkedOldestAge: 'nova_parked_oldest_age_seconds',
  viewLagEvents: 'nova_view_lag_events',
  viewLagSeconds: 'nova_view_lag_seconds',
  appendToEffect: 'nova_append_to_effect_seconds',
  appendDuration: 'nova_append_duration_seconds',
  appendedEvents: 'nova_appended_events_total',
  rpcDuration: 'nova_rpc_duration_seconds',
  rpcInFlight: 'nova_rpc_in_flight',
  rpcRejectedConnections: 'nova_rpc_rejected_connections_total',
} as const;

/** A metric of nova. */
export type MetricName = (typeof metricNames)[keyof typeof metricNames];

/** Labels of nova's metrics; an id is never a label. */
export type LabelName =
  | 'service'
  | 'event_type'
  | 'consumer_group'
  | 'topic'
  | 'partition'
  | 'error_type'
  | 'view'
  | 'outcome'
  | 'rpc_method'
  | 'rpc_status';

/** Label values of one measurement. */
export type Labels = Readonly<Partial<Record<LabelName, string>>>;
