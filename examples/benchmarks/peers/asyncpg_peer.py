"""asyncpg with its pool."""
import asyncio
import os

import asyncpg

from protocol import serve_async


async def main():
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=1) as pool:

        async def call(number):
            async with pool.acquire() as connection:
                return await connection.fetchval("SELECT $1::int4", number)

        async with pool.acquire() as connection:
            backend = connection.get_server_pid()
        await serve_async(backend, call)


asyncio.run(main())
