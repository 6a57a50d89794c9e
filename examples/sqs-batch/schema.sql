-- Stock that must not go below zero, and the messages that have taken effect.
CREATE TABLE stock (
    item  text PRIMARY KEY,
    count bigint NOT NULL CHECK (count >= 0)
);

CREATE TABLE handled_messages (
    id         text PRIMARY KEY,
    handled_at timestamptz NOT NULL DEFAULT now()
);
