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

/* Every thread of a process: those that start later inherit it. */
static int pin(const char *tasks, int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (cpu >= 0) {
        CPU_SET(cpu, &set);
    } else {
        for (int all = 0; all < CPU_SETSIZE; all++) CPU_SET(all, &set);
    }
    DIR *directory = opendir(tasks);
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

int bench_pin_self(int cpu) { return pin("/proc/self/task", cpu); }

int bench_pin_backend(int pid, int cpu) {
    char path[64];
    char name[32] = "";
    if (pid <= 0) return -1;
    /* The number may be one of another machine, or of another container: it must not hit just any process here. */
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return -1;
    char *line = fgets(name, sizeof name, file);
    fclose(file);
    if (line == NULL || strncmp(name, "postgres", strlen("postgres")) != 0) return -1;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    return pin(path, cpu);
}

#else

int bench_open_descriptors(void) { return -1; }
int bench_pin_self(int cpu) { return cpu < 0 ? 0 : -1; }
int bench_pin_backend(int pid, int cpu) { (void) pid; return cpu < 0 ? 0 : -1; }

#endif
