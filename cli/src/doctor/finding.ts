/** What the doctor found out about one thing. */
export interface Finding {
  /** What was looked at: `Java`, `port 9092`. */
  readonly subject: string;
  /** `wrong` keeps nova from working; `doubtful` may do so. */
  readonly verdict: 'fine' | 'doubtful' | 'wrong';
  /** What was seen. */
  readonly message: string;
  /** What to do about it; empty when it is fine. */
  readonly remedy: string;
}

/** A finding that needs nothing done. */
export function fine(subject: string, message: string): Finding {
  return { subject, verdict: 'fine', message, remedy: '' };
}

/** A finding that keeps nova from working. */
export function wrong(subject: string, message: string, remedy: string): Finding {
  return { subject, verdict: 'wrong', message, remedy };
}

/** A finding that may become a problem. */
export function doubtful(subject: string, message: string, remedy: string): Finding {
  return { subject, verdict: 'doubtful', message, remedy };
}
