CREATE TABLE typed_view (
  id      text COLLATE "C" PRIMARY KEY,
  txt     text,
  yes     boolean,
  small   smallint,
  whole   integer,
  large   bigint,
  broken  double precision,
  doc     jsonb,
  one_id  uuid,
  texts   text[],
  wholes  integer[],
  larges  bigint[],
  ids     uuid[]
);
