// Command pgx is the same as first-row.c, with pgx v4 and its pool.
package main

import (
	"context"
	"io"
	"log"
	"os"

	"github.com/jackc/pgx/v4/pgxpool"
)

func main() {
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	check(err)
	config.MaxConns = 1
	pool, err := pgxpool.ConnectConfig(ctx, config)
	check(err)
	var answer int32
	check(pool.QueryRow(ctx, "SELECT $1::int4", int32(1)).Scan(&answer))
	os.Stdout.WriteString("1")
	io.Copy(io.Discard, os.Stdin)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
