/* Starts programs in turns and measures each from its exec to the first byte that it writes, and what it holds then; medians,
   also of the ratio to the first program in the same round.
   Usage: measure ROUNDS NAME=PROGRAM... */

#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

/* A figure of /proc/PID/smaps_rollup in KiB. */
static double memory(pid_t pid, const char *name) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    double result = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) result = atof(line + strlen(name));
    }
    if (file != NULL) fclose(file);
    return result;
}

typedef struct { double first_row, cpu, resident, own; } sample;

static sample start(char *program) {
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)) exit(1);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    char *arguments[] = {program, NULL}, byte;
    pid_t pid;
    sample result;
    double before = milliseconds();
    if (posix_spawn(&pid, program, &actions, NULL, arguments, environ) != 0) exit(1);
    close(to[0]);
    close(from[1]);
    if (read(from[0], &byte, 1) != 1 || byte != '1') {
        fprintf(stderr, "%s: no row\n", program);
        exit(1);
    }
    result.first_row = milliseconds() - before;
    result.resident = memory(pid, "Rss:");
    result.own = memory(pid, "Anonymous:");
    close(to[1]);
    close(from[0]);
    struct rusage usage;
    wait4(pid, NULL, 0, &usage);
    result.cpu = (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3
        + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

static int order(const void *left, const void *right) {
    double difference = *(const double *) left - *(const double *) right;
    return (difference > 0) - (difference < 0);
}

/* The median of `count` values, which are put in order. */
static double median(double *values, int count) {
    qsort(values, (size_t) count, sizeof *values, order);
    return values[count / 2];
}

int main(int count, char **arguments) {
    int rounds = count > 2 ? atoi(arguments[1]) : 0, programs = count - 2;
    if (rounds < 1) return 64;
    sample *samples = calloc((size_t) (rounds * programs), sizeof *samples);
    if (samples == NULL) return 1;
    /* The first start of each warms the page cache and is not counted. */
    for (int round = -1; round < rounds; round++) {
        for (int index = 0; index < programs; index++) {
            sample one = start(strchr(arguments[index + 2], '=') + 1);
            if (round >= 0) samples[round * programs + index] = one;
        }
    }
    printf("%-44s %10s %6s %8s %9s %9s %9s\n", "program", "first row", "x 1st", "CPU", "resident", "anonymous", "file");
    for (int index = 0; index < programs; index++) {
        char *equals = strchr(arguments[index + 2], '=');
        struct stat file;
        stat(equals + 1, &file);
        double time[rounds], ratio[rounds], cpu[rounds], resident[rounds], own[rounds];
        for (int round = 0; round < rounds; round++) {
            const sample *all = samples + round * programs;
            time[round] = all[index].first_row;
            ratio[round] = all[index].first_row / all[0].first_row;
            cpu[round] = all[index].cpu;
            resident[round] = all[index].resident / 1024;
            own[round] = all[index].own / 1024;
        }
        printf("%-44.*s %7.1f ms %6.2f %5.1f ms %5.1f MiB %5.1f MiB %5.1f MB\n", (int) (equals - arguments[index + 2]),
            arguments[index + 2], median(time, rounds), median(ratio, rounds), median(cpu, rounds),
            median(resident, rounds), median(own, rounds), (double) file.st_size / 1e6);
    }
    free(samples);
    return 0;
}
