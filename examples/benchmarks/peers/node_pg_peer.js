// node-pg with its pool.
const { Pool } = require('pg');
const { createInterface } = require('node:readline');

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 1 });

async function call(number) {
    const client = await pool.connect();
    try {
        const result = await client.query('SELECT $1::int4 AS number', [number]);
        if (result.rows[0].number !== number) throw new Error('a wrong answer');
    } finally {
        client.release();
    }
}

async function main() {
    const { rows } = await pool.query('SELECT pg_backend_pid() AS pid');
    console.log(`ready ${rows[0].pid}`);
    for await (const line of createInterface({ input: process.stdin })) {
        const durations = [];
        let before = process.hrtime.bigint();
        for (let number = 0; number < Number(line); number++) {
            await call(number);
            const now = process.hrtime.bigint();
            durations.push(now - before);
            before = now;
        }
        console.log(durations.join(' '));
    }
    await pool.end();
}

main();
