/** A problem as brokers call it, where a driver sees it before the broker does. */
export class BrokerError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}
