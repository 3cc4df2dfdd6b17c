CREATE TABLE order_view (
  order_id text COLLATE "C" PRIMARY KEY,
  amount   integer NOT NULL,
  placed   integer NOT NULL,
  shipped  integer NOT NULL
);
