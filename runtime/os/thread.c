/*
 * thread.c - mutexes, conditions, threads and the size of the machine. Misuse of a lock is a bug of
 * this program, so it ends the process instead of returning a status nobody could act on.
 */
#define _GNU_SOURCE /* sched_getaffinity, madvise */
#include "os/error.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void must(int result, const char *call)
{
    if (result == 0) return;
    fprintf(stderr, "sgc: %s failed with error %d: a lock is misused\n", call, result);
    abort();
}

void sgc_mutex_init(sgc_mutex *mutex)
{
    must(pthread_mutex_init(mutex, NULL), "pthread_mutex_init");
}

void sgc_mutex_destroy(sgc_mutex *mutex)
{
    must(pthread_mutex_destroy(mutex), "pthread_mutex_destroy");
}

void sgc_mutex_lock(sgc_mutex *mutex)
{
    must(pthread_mutex_lock(mutex), "pthread_mutex_lock");
}

void sgc_mutex_unlock(sgc_mutex *mutex)
{
    must(pthread_mutex_unlock(mutex), "pthread_mutex_unlock");
}

/* Timed waits count on the monotonic clock: the wall clock may step. */
void sgc_cond_init(sgc_cond *cond)
{
    pthread_condattr_t attributes;

    must(pthread_condattr_init(&attributes), "pthread_condattr_init");
    must(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "pthread_condattr_setclock");
    must(pthread_cond_init(cond, &attributes), "pthread_cond_init");
    must(pthread_condattr_destroy(&attributes), "pthread_condattr_destroy");
}

void sgc_cond_destroy(sgc_cond *cond)
{
    must(pthread_cond_destroy(cond), "pthread_cond_destroy");
}

void sgc_cond_wait(sgc_cond *cond, sgc_mutex *mutex)
{
    must(pthread_cond_wait(cond, mutex), "pthread_cond_wait");
}

static struct timespec deadline(uint64_t timeout_us)
{
    struct timespec at = {0};
    const uint64_t far = (uint64_t)INT32_MAX * 1000000; /* some 68 years: for ever */

    clock_gettime(CLOCK_MONOTONIC, &at);
    if (timeout_us > far) timeout_us = far;
    uint64_t nanoseconds = (uint64_t)at.tv_nsec + timeout_us % 1000000 * 1000;
    at.tv_sec += (time_t)(timeout_us / 1000000 + nanoseconds / 1000000000);
    at.tv_nsec = (long)(nanoseconds % 1000000000);
    return at;
}

bool sgc_cond_wait_for(sgc_cond *cond, sgc_mutex *mutex, uint64_t timeout_us)
{
    struct timespec at = deadline(timeout_us);
    int result = pthread_cond_timedwait(cond, mutex, &at);

    if (result == ETIMEDOUT) return false;
    must(result, "pthread_cond_timedwait");
    return true;
}

void sgc_cond_signal(sgc_cond *cond)
{
    must(pthread_cond_signal(cond), "pthread_cond_signal");
}

void sgc_cond_broadcast(sgc_cond *cond)
{
    must(pthread_cond_broadcast(cond), "pthread_cond_broadcast");
}

sgc_status sgc_thread_start(sgc_thread *thread, void *(*run)(void *), void *argument)
{
    if (pthread_create(thread, NULL, run, argument) == 0) return SGC_OK;
    return sgc_os_say(SGC_LIMIT, "thread", "the system refuses to start another one");
}

void sgc_thread_join(sgc_thread thread)
{
    must(pthread_join(thread, NULL), "pthread_join");
}

unsigned sgc_thread_spread(void)
{
    return (unsigned)((uint64_t)(uintptr_t)pthread_self() * 0x9E3779B97F4A7C15U >> 48);
}

unsigned sgc_processor_count(void)
{
    cpu_set_t allowed;

    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 0) {
        return (unsigned)CPU_COUNT(&allowed);
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than the set holds */
    return online > 0 ? (unsigned)online : 1;
}

uint64_t sgc_memory_size(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long size = sysconf(_SC_PAGESIZE);

    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

enum { HUGE_PAGE = 2 << 20 };

void *sgc_memory_map(size_t size)
{
    size_t whole;

    if (sgc_alloc_refused() || !sgc_add(size, HUGE_PAGE, &whole)) return NULL;
    char *start = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return NULL;
    size_t before = (HUGE_PAGE - (uintptr_t)start % HUGE_PAGE) % HUGE_PAGE;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), end = (before + size + page - 1) / page * page;
    if (before) (void)munmap(start, before);
    if (end < whole) (void)munmap(start + end, whole - end);
    return start + before;
}

void sgc_memory_unmap(void *memory, size_t size)
{
    if (memory) (void)munmap(memory, size);
}

void sgc_memory_prefer_huge(void *memory, size_t size)
{
    (void)madvise(memory, size, MADV_HUGEPAGE);
}

void sgc_memory_give_back(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}
