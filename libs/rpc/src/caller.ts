/** What a caller may do. Roles stand side by side: none includes another. */
export const ROLES = ['reader', 'writer', 'admin', 'service'] as const;

/** One of the roles. */
export type Role = (typeof ROLES)[number];

/** Who calls, as far as the server could verify it. */
export interface Caller {
  /** Owner of idempotency keys: the user, else the service, else `dev`. */
  readonly principal: string;
  readonly userId?: string;
  /** The service that calls, where one does; it becomes the source of events. */
  readonly service?: string;
  readonly roles: ReadonlySet<Role>;
  /** May name another user than itself: it has the role `service`. */
  readonly actsForOthers: boolean;
}

/**
 * Who may call a method: a caller with this role (or one of these), any identified caller, or
 * anybody at all.
 */
export type Policy = Role | readonly Role[] | 'authenticated' | 'public';

/** True when `policy` lets `caller` in. */
export function permits(policy: Exclude<Policy, 'public'>, caller: Caller): boolean {
  if (policy === 'authenticated') return true;
  return rolesOf(policy).some((role) => caller.roles.has(role));
}

/** What a policy asks for, as words for the refused caller. */
export function describePolicy(policy: Policy): string {
  if (policy === 'authenticated') return 'an identified caller';
  if (policy === 'public') return 'nothing';
  return `the role ${rolesOf(policy).join(' or ')}`;
}

function rolesOf(policy: Role | readonly Role[]): readonly Role[] {
  return typeof policy === 'string' ? [policy] : policy;
}
