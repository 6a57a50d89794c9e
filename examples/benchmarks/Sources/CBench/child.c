#include "cbench.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct bench_child {
    pid_t pid;
    FILE *questions, *answers;
};

/* The environment of this process with another DATABASE_URL. */
static char **environment(const char *url) {
    const char *name = "DATABASE_URL=";
    size_t count = 0, kept = 0;
    while (environ[count] != NULL) count++;
    char **result = calloc(count + 2, sizeof *result);
    char *variable = malloc(strlen(name) + strlen(url) + 1);
    if (result == NULL || variable == NULL) abort();
    for (size_t index = 0; index < count; index++) {
        if (strncmp(environ[index], name, strlen(name)) != 0) result[kept++] = environ[index];
    }
    result[kept] = strcat(strcpy(variable, name), url);
    return result;
}

bench_child *bench_child_start(const char *program, const char *name, const char *url, char *line, size_t size) {
    int to[2], from[2];
    if (pipe(to) != 0) return NULL;
    if (pipe(from) != 0) {
        close(to[0]);
        close(to[1]);
        return NULL;
    }
    /* Only the copies that the child gets outlive the exec. */
    for (int end = 0; end < 2; end++) {
        fcntl(to[end], F_SETFD, FD_CLOEXEC);
        fcntl(from[end], F_SETFD, FD_CLOEXEC);
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    char *arguments[] = {(char *) program, (char *) name, NULL};
    char **variables = environment(url);
    pid_t pid = 0;
    int failure = posix_spawn(&pid, program, &actions, NULL, arguments, variables);
    posix_spawn_file_actions_destroy(&actions);
    free(variables);
    close(to[0]);
    close(from[1]);
    bench_child *child = failure == 0 ? calloc(1, sizeof *child) : NULL;
    if (child == NULL) {
        snprintf(line, size, "%s", strerror(failure));
        close(to[1]);
        close(from[0]);
        return NULL;
    }
    /* A peer that has ended is an answer that does not come, and no end of this process. */
    signal(SIGPIPE, SIG_IGN);
    *child = (bench_child) {pid, fdopen(to[1], "w"), fdopen(from[0], "r")};
    if (fgets(line, (int) size, child->answers) == NULL) snprintf(line, size, "it ended without a word");
    line[strcspn(line, "\n")] = 0;
    return child;
}

int bench_child_pid(const bench_child *child) { return child->pid; }

int bench_child_ask(bench_child *child, int calls, uint64_t *nanoseconds) {
    fprintf(child->questions, "%d\n", calls);
    fflush(child->questions);
    for (int call = 0; call < calls; call++) {
        unsigned long long value;
        if (fscanf(child->answers, "%llu", &value) != 1) return -1;
        nanoseconds[call] = value;
    }
    return 0;
}

void bench_child_end(bench_child *child) {
    /* It ends when nothing more is asked. */
    fclose(child->questions);
    while (fgetc(child->answers) != EOF) continue;
    fclose(child->answers);
    waitpid(child->pid, NULL, 0);
    free(child);
}
