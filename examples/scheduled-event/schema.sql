-- What the job works on, and what it remembers of its runs.
CREATE TABLE sessions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
-- Without it each batch would read the whole table.
CREATE INDEX ON sessions (expires_at);

CREATE TABLE job_runs (
    event       text PRIMARY KEY,
    cutoff      timestamptz NOT NULL,
    deleted     bigint NOT NULL,
    is_finished boolean NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
