// Command pgx is pgx v4 with its pool.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v4/pgxpool"
)

func main() {
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	check(err)
	config.MaxConns = 1
	pool, err := pgxpool.ConnectConfig(ctx, config)
	check(err)
	defer pool.Close()

	var backend int
	check(pool.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend))
	fmt.Println("ready", backend)

	input := bufio.NewScanner(os.Stdin)
	output := bufio.NewWriter(os.Stdout)
	for input.Scan() {
		calls, err := strconv.Atoi(input.Text())
		check(err)
		durations := make([]time.Duration, calls)
		before := time.Now()
		for number := range durations {
			var answer int32
			check(pool.QueryRow(ctx, "SELECT $1::int4", int32(number)).Scan(&answer))
			if answer != int32(number) {
				log.Fatal("a wrong answer")
			}
			now := time.Now()
			durations[number] = now.Sub(before)
			before = now
		}
		for _, duration := range durations {
			fmt.Fprint(output, duration.Nanoseconds(), " ")
		}
		fmt.Fprintln(output)
		output.Flush()
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
