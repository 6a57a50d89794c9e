CREATE TABLE orders (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item  text NOT NULL,
    price bigint NOT NULL
);
