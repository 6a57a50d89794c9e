#include "current_task.h"

// A part of the runtime that compiled programs call: it stays.
extern __attribute__((swiftcall)) void *swift_task_getCurrent(void);

intptr_t current_task_identity(void) { return (intptr_t)swift_task_getCurrent(); }
