#ifndef MAIN_QUEUE_H
#define MAIN_QUEUE_H

#include <stdbool.h>

/// Whether the caller runs on the first thread of the process.
bool is_main_thread(void);

/// What can be read as soon as the main actor has something to do; -1 where no thread but libdispatch's own can do that.
int main_queue_descriptor(void);

/// Does what the main actor has to do. Only on the first thread of the process.
void main_queue_drain(void);

/// Does so for ever.
_Noreturn void main_queue_serve(void);

#endif
