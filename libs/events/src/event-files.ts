import { file_community_follow_events } from '@nova/proto/gen/community/follow_events_pb';
import { file_community_post_events } from '@nova/proto/gen/community/post_events_pb';
import { file_events_chat_session_events } from '@nova/proto/gen/events/chat_session_events_pb';
import { file_events_plan_events } from '@nova/proto/gen/events/plan_events_pb';
import { file_events_subject_events } from '@nova/proto/gen/events/subject_events_pb';
import { file_events_user_events } from '@nova/proto/gen/events/user_events_pb';
import { file_galaxy_knowledge_node_events } from '@nova/proto/gen/galaxy/knowledge_node_events_pb';
import { file_galaxy_learner_events } from '@nova/proto/gen/galaxy/learner_events_pb';
import { file_messaging_contact_application_events } from '@nova/proto/gen/messaging/contact_application_events_pb';
import { file_messaging_contact_events } from '@nova/proto/gen/messaging/contact_events_pb';
import { file_messaging_conversation_events } from '@nova/proto/gen/messaging/conversation_events_pb';
import { file_messaging_participant_events } from '@nova/proto/gen/messaging/participant_events_pb';
import { file_notification_notification_events } from '@nova/proto/gen/notification/notification_events_pb';
import { file_notification_notification_inbox_events } from '@nova/proto/gen/notification/notification_inbox_events_pb';
import { file_task_task_events } from '@nova/proto/gen/task/task_events_pb';
import type { DescFile } from '@nova/proto/runtime';

/** Every proto file with payloads; a spec finds one that is missing here. */
export const eventFiles: readonly DescFile[] = [
  file_messaging_conversation_events,
  file_messaging_participant_events,
  file_events_user_events,
  file_messaging_contact_events,
  file_messaging_contact_application_events,
  file_community_follow_events,
  file_community_post_events,
  file_task_task_events,
  file_galaxy_knowledge_node_events,
  file_galaxy_learner_events,
  file_notification_notification_events,
  file_notification_notification_inbox_events,
  file_events_subject_events,
  file_events_plan_events,
  file_events_chat_session_events,
];
