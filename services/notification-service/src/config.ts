import { consumingSettings } from '@nova/service-kit';

/** Settings of notification-service. */
export const settings = consumingSettings('NOTIFICATION');
