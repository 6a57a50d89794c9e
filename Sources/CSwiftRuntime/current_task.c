#include "current_task.h"

// Parts of the runtime that compiled programs call: they stay.
extern __attribute__((swiftcall)) void *swift_task_getCurrent(void);
extern __attribute__((swiftcall)) bool swift_task_isCancelled(void *task);

intptr_t current_task_identity(void) { return (intptr_t)swift_task_getCurrent(); }

bool current_task_is_cancelled(void) {
    void *task = swift_task_getCurrent();
    return task && swift_task_isCancelled(task);
}
