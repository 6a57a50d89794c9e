"""psycopg 3 with its pool."""
import os

from psycopg_pool import ConnectionPool

from protocol import serve

with ConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=1, kwargs={"autocommit": True}) as pool:

    def call(number):
        with pool.connection() as connection:
            return connection.execute("SELECT %s::int4", (number,)).fetchone()[0]

    with pool.connection() as connection:
        backend = connection.info.backend_pid
    serve(backend, call)
