import { describe, expect, it } from '@jest/globals';
import { addMember } from './add-member.ts';
import type { Roster } from './conversation.ts';
import {
  ANN,
  BOB,
  CLOSED,
  EVE,
  FIXED,
  former,
  HIDDEN,
  LEFT,
  member,
  outcomeOf,
  place,
  ROLE,
  roster,
} from './deciders.rig.spec.ts';
import type { MemberRole, Membership } from './membership.ts';
import { removeMember } from './remove-member.ts';
import type { Place } from './standing.ts';

describe('addMember', () => {
  const add = (
    by: Place,
    role: MemberRole = 'member',
    { membership, ...more }: Partial<Roster> & { membership?: Membership } = {},
  ) => outcomeOf(() => addMember({ by, memberId: EVE, role, membership, roster: roster(more) }));
  const added = (by: string, role: MemberRole = 'member') => [
    { added: true },
    ['MemberAdded', { user_id: EVE, added_by: by, role }],
  ];
  const owner = place(member(ANN, 'owner'));
  const admin = place(member(BOB, 'admin'));
  const plain = place(member(BOB));

  it.each<[string, unknown, unknown]>([
    ['an owner', add(owner, 'owner'), added(ANN, 'owner')],
    ['an admin', add(admin), added(BOB)],
    ['an admin who adds an admin', add(admin, 'admin'), ROLE],
    ['a member', add(plain), ROLE],
    [
      'a member where nobody has a say',
      add(plain, 'owner', { owner_ids: [] }),
      added(BOB, 'owner'),
    ],
    ['a member where admins have', add(plain, 'member', { owner_ids: [], admin_ids: [EVE] }), ROLE],
    [
      'an admin without owners',
      add(admin, 'owner', { owner_ids: [], admin_ids: [BOB] }),
      added(BOB, 'owner'),
    ],
    [
      'one who was added before',
      add(owner, 'admin', { membership: member(EVE) }),
      [{ added: false }],
    ],
    ['one who was there before', add(owner, 'member', { membership: former(EVE) }), added(ANN)],
    ['one added by a member again', add(plain, 'member', { membership: member(EVE) }), ROLE],
    ['a direct conversation', add(place(member(ANN), { kind: 'direct' })), FIXED],
    ['a closed one', add(place(member(ANN, 'owner'), { is_closed: true })), CLOSED],
    ['a former owner', add(place({ ...former(ANN), role: 'owner' })), LEFT],
    ['a stranger', add(place(undefined)), HIDDEN],
  ])('judges %s', (_who, outcome, expected) => {
    expect(outcome).toEqual(expected);
  });
});

describe('removeMember', () => {
  const remove = (by: Place, membership: Membership, more: Partial<Roster> = {}) =>
    outcomeOf(() =>
      removeMember({
        by,
        memberId: membership.user_id,
        membership,
        roster: roster(more),
        successor: undefined,
        hasOthers: () => true,
      }),
    );
  const removed = (by: string, user: string, reason: 'left' | 'removed') => [
    { removed: true },
    ['MemberRemoved', { user_id: user, removed_by: by, reason }],
  ];
  const owner = place(member(ANN, 'owner'));
  const admin = place(member(BOB, 'admin'));
  const plain = place(member(BOB));

  it.each<[string, unknown, unknown]>([
    ['an owner', remove(owner, member(EVE, 'admin')), removed(ANN, EVE, 'removed')],
    ['an admin', remove(admin, member(EVE)), removed(BOB, EVE, 'removed')],
    ['an admin who removes an admin', remove(admin, member(EVE, 'admin')), ROLE],
    ['an admin who removes the owner', remove(admin, member(ANN, 'owner')), ROLE],
    ['a member', remove(plain, member(EVE)), ROLE],
    ['one who is gone', remove(owner, former(EVE)), [{ removed: false }]],
    [
      'a former admin who is gone',
      remove(admin, { ...former(EVE), role: 'admin' }),
      [{ removed: false }],
    ],
    ['one who leaves', remove(plain, member(BOB)), removed(BOB, BOB, 'left')],
    ['one who has left', remove(place(former(BOB)), former(BOB)), [{ removed: false }]],
    [
      'leaving a closed one',
      remove(place(member(BOB), { is_closed: true }), member(BOB)),
      removed(BOB, BOB, 'left'),
    ],
    [
      'removing in a closed one',
      remove(place(member(ANN, 'owner'), { is_closed: true }), member(EVE)),
      CLOSED,
    ],
    ['a direct one', remove(place(member(ANN), { kind: 'direct' }), member(ANN)), FIXED],
    [
      'one of two owners who leaves',
      remove(owner, member(ANN, 'owner'), { owner_ids: [ANN, BOB] }),
      removed(ANN, ANN, 'left'),
    ],
    ['a stranger', remove(place(undefined), member(ANN)), HIDDEN],
  ])('judges %s', (_who, outcome, expected) => {
    expect(outcome).toEqual(expected);
  });

  const leave = (by: Place, successor: Membership | undefined, hasOthers: () => boolean) =>
    outcomeOf(() =>
      removeMember({
        by,
        memberId: by.userId,
        membership: by.membership,
        roster: roster(),
        successor: successor && { userId: successor.user_id, membership: successor },
        hasOthers,
      }),
    );
  const company = () => true;
  const nobody = () => false;
  const NEEDED = 'NOVA_MESSAGING_SUCCESSOR_NEEDED';
  const UNFIT = 'NOVA_MESSAGING_SUCCESSOR_UNFIT';

  it.each<[string, unknown, unknown]>([
    ['nobody follows', leave(owner, undefined, company), NEEDED],
    ['nobody else is there', leave(owner, undefined, nobody), removed(ANN, ANN, 'left')],
    ['a former member follows', leave(owner, former(BOB), company), UNFIT],
    ['they follow themselves', leave(owner, member(ANN, 'owner'), company), UNFIT],
    ['who names one is no owner', leave(plain, member(EVE), company), UNFIT],
    [
      'a member follows',
      leave(owner, member(BOB), company),
      [
        { removed: true },
        ['MemberRoleChanged', { user_id: BOB, role: 'owner', changed_by: ANN }],
        ['MemberRemoved', { user_id: ANN, removed_by: ANN, reason: 'left' }],
      ],
    ],
  ])('lets the last owner leave, or not: %s', (_what, outcome, expected) => {
    expect(outcome).toEqual(expected);
  });

  it('takes no successor for somebody else', () => {
    const successor = { userId: EVE, membership: member(EVE) };
    const given = { by: owner, memberId: BOB, membership: member(BOB), roster: roster() };
    expect(outcomeOf(() => removeMember({ ...given, successor, hasOthers: company }))).toBe(UNFIT);
  });
});
