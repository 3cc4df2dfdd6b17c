import { option } from '../option.ts';

const MOMENT = 'how long ago (30s, 10m, 2h, 3d), or RFC 3339';

/** Options that choose what is parked; the verbs of `parked` share them. */
export const selectionOptions = {
  consumer: option.text({
    flags: '--consumer <service/consumer>',
    doc: 'only of this consumer, messaging/views for instance; by default all that run',
  }),
  type: option.text({ flags: '--type <aggregate_type>', doc: 'only aggregates of this type' }),
  aggregate: option.text({
    flags: '--aggregate <id>',
    doc: 'only this aggregate; with --effects the target',
  }),
  eventType: option.text({ flags: '--event-type <type>', doc: 'only where such an event fails' }),
  fingerprint: option.text({
    flags: '--fingerprint <hash>',
    doc: 'only failures of this cause, as parked groups shows it',
  }),
  since: option.text({ flags: '--since <moment>', doc: `only what failed first since: ${MOMENT}` }),
  before: option.text({ flags: '--before <moment>', doc: 'only what failed first before' }),
  retrying: option.flag({ flags: '--retrying', doc: 'also what is still tried again by itself' }),
  effects: option.flag({ flags: '--effects', doc: 'effects that were refused, not aggregates' }),
  effect: option.text({
    flags: '--effect <name>',
    doc: 'with --effects: only effects of this name',
  }),
};
