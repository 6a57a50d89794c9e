#include "current_task.h"

// Parts of the runtime that compiled programs call: they stay.
extern __attribute__((swiftcall)) void *swift_task_getCurrent(void);
extern __attribute__((swiftcall)) bool swift_task_isCancelled(void *task);

current_task current_task_look(void) {
    void *task = swift_task_getCurrent();
    return (current_task){.identity = (intptr_t)task, .is_cancelled = task && swift_task_isCancelled(task)};
}
