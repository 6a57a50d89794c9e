CREATE TABLE sales (
    item text PRIMARY KEY,
    sold bigint NOT NULL
);
