import { consumingSettings } from '@nova/service-kit';

/** Settings of messaging-service. */
export const settings = consumingSettings('MESSAGING');
