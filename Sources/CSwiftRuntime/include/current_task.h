#ifndef CURRENT_TASK_H
#define CURRENT_TASK_H

#include <stdbool.h>
#include <stdint.h>

/// Tells the running Swift task from all others that run; 0 outside of all tasks.
///
/// What Swift offers, `withUnsafeCurrentTask`, is a closure that is called through a table, and four counts of references: a tenth of what it
/// takes to lend a connection.
intptr_t current_task_identity(void);

/// Whether the running Swift task was cancelled; not outside of all tasks.
///
/// `Task.isCancelled` retains and releases the task for it.
bool current_task_is_cancelled(void);

#endif
