#ifndef CURRENT_TASK_H
#define CURRENT_TASK_H

#include <stdbool.h>
#include <stdint.h>

/// What is known of the running Swift task.
///
/// What Swift offers, `withUnsafeCurrentTask`, is a closure that is called through a table, and four counts of references: a tenth of what it
/// takes to lend a connection. `Task.isCancelled` retains and releases the task.
typedef struct {
    /// Tells it from all others that run; 0 outside of all tasks.
    intptr_t identity;
    /// Not outside of all tasks.
    bool is_cancelled;
} current_task;

current_task current_task_look(void);

#endif
