"""SQLAlchemy's core and pool with psycopg 3."""
import os

from sqlalchemy import create_engine, text

from protocol import serve

url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
engine = create_engine(url, pool_size=1, max_overflow=0, isolation_level="AUTOCOMMIT")
statement = text("SELECT CAST(:number AS int4)")


def call(number):
    with engine.connect() as connection:
        return connection.execute(statement, {"number": number}).scalar_one()


with engine.connect() as connection:
    backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
serve(backend, call)
