#define _GNU_SOURCE
#include "cbench.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#ifdef __linux__
#include <sched.h>
#endif

uint64_t bench_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

static uint64_t nanoseconds(struct timeval time) {
    return (uint64_t) time.tv_sec * 1000000000u + (uint64_t) time.tv_usec * 1000u;
}

bench_usage bench_usage_now(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (bench_usage) {
        .cpu_nanoseconds = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime),
        .voluntary_switches = (uint64_t) usage.ru_nvcsw,
    };
}

#ifdef __linux__

int bench_open_descriptors(void) {
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) return -1;
    int count = 0;
    while (readdir(directory) != NULL) count++;
    closedir(directory);
    return count - 3; /* ".", ".." and the directory itself */
}

/* Reads the beginning of a small file; an empty text when there is none. */
static void read_text(const char *path, char *text, size_t size) {
    FILE *file = fopen(path, "r");
    size_t length = file == NULL ? 0 : fread(text, 1, size - 1, file);
    text[length] = 0;
    if (file != NULL) fclose(file);
}

/* getrusage knows no other process that lives; the scheduler's accounts of each thread are as exact. */
bench_usage bench_usage_of(int pid) {
    bench_usage usage = {0, 0};
    char path[300], text[4096];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *directory = opendir(path);
    if (directory == NULL) return usage;
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (atoi(entry->d_name) <= 0) continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, entry->d_name);
        read_text(path, text, sizeof text);
        usage.cpu_nanoseconds += strtoull(text, NULL, 10);
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/status", pid, entry->d_name);
        read_text(path, text, sizeof text);
        const char *name = "\nvoluntary_ctxt_switches:";
        const char *line = strstr(text, name);
        if (line != NULL) usage.voluntary_switches += strtoull(line + strlen(name), NULL, 10);
    }
    closedir(directory);
    return usage;
}

/* Every thread of the process: those that start later inherit it. */
int bench_pin(int pid, int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (cpu >= 0) {
        CPU_SET(cpu, &set);
    } else {
        for (int all = 0; all < CPU_SETSIZE; all++) CPU_SET(all, &set);
    }
    char path[64] = "/proc/self/task";
    if (pid > 0) snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *directory = opendir(path);
    if (directory == NULL) return -1;
    int result = 0;
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        int thread = atoi(entry->d_name);
        if (thread > 0 && sched_setaffinity(thread, sizeof set, &set) != 0) result = -1;
    }
    closedir(directory);
    return result;
}

int bench_pin_backend(int pid, int cpu) {
    char path[64], name[32];
    if (pid <= 0) return -1;
    /* The number may be one of another machine, or of another container: it must not hit just any process here. */
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    read_text(path, name, sizeof name);
    if (strncmp(name, "postgres", strlen("postgres")) != 0 && strncmp(name, "pgbouncer", strlen("pgbouncer")) != 0) {
        return -1;
    }
    return bench_pin(pid, cpu);
}

int bench_parent(int pid) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    read_text(path, text, sizeof text);
    /* The name in brackets may hold anything; the state and the parent are behind it. */
    const char *end = strrchr(text, ')');
    int parent = 0;
    return end != NULL && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

#else

int bench_open_descriptors(void) { return -1; }
bench_usage bench_usage_of(int pid) { (void) pid; return (bench_usage) {0, 0}; }
int bench_pin(int pid, int cpu) { (void) pid; return cpu < 0 ? 0 : -1; }
int bench_pin_backend(int pid, int cpu) { (void) pid; return cpu < 0 ? 0 : -1; }
int bench_parent(int pid) { (void) pid; return 0; }

#endif
