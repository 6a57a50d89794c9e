#if defined(__linux__)
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <pthread.h>
#endif

#include "main_queue.h"

extern _Noreturn void dispatch_main(void);

_Noreturn void main_queue_serve(void) { dispatch_main(); }

#if defined(__linux__)
// How the run loop of CoreFoundation does it.
extern int _dispatch_get_main_queue_handle_4CF(void);
extern void _dispatch_main_queue_callback_4CF(void *unused);

bool is_main_thread(void) { return syscall(SYS_gettid) == getpid(); }
int main_queue_descriptor(void) { return _dispatch_get_main_queue_handle_4CF(); }
void main_queue_drain(void) { _dispatch_main_queue_callback_4CF(0); }
#else
bool is_main_thread(void) { return pthread_main_np(); }
int main_queue_descriptor(void) { return -1; }
void main_queue_drain(void) {}
#endif
