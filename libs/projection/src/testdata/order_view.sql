CREATE TABLE order_view (
  order_id text COLLATE "C" PRIMARY KEY,
  total    double precision NOT NULL
);
