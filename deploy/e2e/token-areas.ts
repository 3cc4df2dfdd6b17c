import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { MessagingService } from '@nova/proto/gen/messaging/messaging_service_pb';
import { NotificationService } from '@nova/proto/gen/notification/notification_service_pb';
import { SearchService } from '@nova/proto/gen/search/search_service_pb';
import { createClient } from '@nova/rpc';
import { type TestProcess, type TestService, testStack } from '@nova/testkit';

/** The services whose reads take tokens. */
export const AREAS = ['messaging', 'notification', 'search'] as const;
const DEADLINE_MS = 10_000;

/** A log, the services over it, and clients of all of them. */
export type StartedAreas = Awaited<ReturnType<typeof startAreas>>;

/** Starts the log and the services; `remove` ends them and forgets their databases. */
export async function startAreas() {
  const stack = await testStack();
  try {
    const services = new Map<string, TestService>();
    const processes = new Map<string, TestProcess>();
    for (const area of AREAS) {
      const service = await stack.service(area);
      services.set(area, service);
      processes.set(area, await service.start());
    }
    const at = (area: string) => ({
      address: processes.get(area)?.address ?? '',
      deadlineMs: DEADLINE_MS,
    });
    const clients = {
      events: createClient(EventsService, { ...at(''), address: stack.log.address }),
      messaging: createClient(MessagingService, at('messaging')),
      notification: createClient(NotificationService, at('notification')),
      search: createClient(SearchService, at('search')),
    };
    return {
      ...clients,
      databases: AREAS.map((area) => services.get(area)?.database).filter(
        (one) => one !== undefined,
      ),
      databaseOf: (area: (typeof AREAS)[number]) => {
        const service = services.get(area);
        if (service === undefined) throw new TypeError(`${area} was not started`);
        return service.database;
      },
      async remove() {
        for (const client of Object.values(clients)) client.close();
        await stack.remove();
      },
    };
  } catch (thrown) {
    await stack.remove();
    throw thrown;
  }
}
