/**
 * The shapes of lines that are understood, for people. `stamp.ts`, `parse-line.ts` and
 * `server-line.ts` are what decides; a spec reads every example here.
 */
export const GRAMMAR_HELP: readonly { readonly shape: string; readonly example: string }[] = [
  { shape: 'message', example: '[09:14] <bob> hello' },
  { shape: 'message, seconds', example: '[09:14:22] <@bob> hello' },
  { shape: 'message, half days', example: '[09:14 PM] <bob> hello' },
  { shape: 'message, no brackets (irssi)', example: '09:14 < bob> hello' },
  { shape: 'message, date and channel', example: '#room 2004-12-25 [09:14:22] <bob> hello' },
  { shape: 'message, date and time', example: '[2004-12-25 09:14:22] <bob> hello' },
  { shape: 'message, tabs (WeeChat)', example: '2004-12-25 09:14:22\tbob\thello' },
  { shape: 'join', example: '=== bob [~bob@host]  has joined #room' },
  { shape: 'join (irssi)', example: '09:14 -!- bob [~bob@host] has joined #room' },
  { shape: 'join (ZNC)', example: '[09:14:22] *** Joins: bob (~bob@host)' },
  {
    shape: 'join (WeeChat)',
    example: '2004-12-25 09:14:22\t-->\tbob (~bob@host) has joined #room',
  },
  { shape: 'join (rooms)', example: '[09:14] *** bob entered the room' },
  { shape: 'leave', example: '=== bob [~bob@host]  has left #room ["bye"]' },
  { shape: 'leave, quit', example: '=== bob [~bob@host]  has quit [Ping timeout]' },
  { shape: 'leave (ZNC)', example: '[09:14:22] *** Quits: bob (~bob@host) (bye)' },
  { shape: 'nick change', example: '=== bob is now known as rob' },
  { shape: 'nick change (irssi)', example: '09:14 -!- bob is now known as rob' },
  { shape: 'day (irssi)', example: '--- Day changed Sun Dec 26 2004' },
];
