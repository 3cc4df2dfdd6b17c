-- Breaking: no. What this service decides on. Its outbox has tables of its own, made by the library.
CREATE TABLE orders (
  id          uuid    PRIMARY KEY,
  customer_id uuid    NOT NULL,
  amount      integer NOT NULL CHECK (amount > 0),
  shipped     boolean NOT NULL DEFAULT false
);
