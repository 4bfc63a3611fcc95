/* restart.c - opening after kill -9, with as much in the log as a MemTable holds. */
#include "scale.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 5, TOGETHER = 50, MEMTABLE = 16 << 20 };

/* Commits rows until a flush is about to start, says how many, and waits for its end. */
static void child(const scale_job *job, int out)
{
    void *self = bench_sgc.open(job->folder, job->cache);
    uint64_t next = job->rows;

    while (scale_stats(self).memtable_bytes < MEMTABLE - (256 << 10)) {
        bench_sgc_insert(self, next, TOGETHER);
        next += TOGETHER;
    }
    if (write(out, &next, sizeof next) != sizeof next) bench_fail("the pipe is closed");
    for (;;)
        pause();
}

static uint64_t fill_and_kill(const scale_job *job)
{
    int ends[2], status;
    uint64_t next = 0;

    fflush(stdout);
    if (pipe(ends) != 0) bench_fail("no pipe");
    pid_t writer = fork();
    if (writer < 0) bench_fail("no process");
    if (writer == 0) child(job, ends[1]);
    close(ends[1]);
    if (read(ends[0], &next, sizeof next) != sizeof next) bench_fail("the writer has failed");
    close(ends[0]);
    kill(writer, SIGKILL);
    waitpid(writer, &status, 0);
    return next;
}

static void make_base(const scale_job *job)
{
    void *self = bench_sgc.open(job->folder, job->cache);

    scale_load(&bench_sgc, self, job->rows);
    bench_sgc.settle(self);
    bench_sgc.close(self);
}

void scale_restart(const scale_job *job)
{
    double opens[ROUNDS], gets[ROUNDS];
    uint64_t next = 0;
    char id[16];

    for (int round = 0; round < ROUNDS; round++) {
        bench_fresh_folder(job->folder);
        make_base(job);
        next = fill_and_kill(job);
        double start = bench_seconds();
        void *self = bench_sgc.open(job->folder, job->cache);
        opens[round] = bench_seconds() - start;
        void *session = bench_sgc.session(self);
        bench_id(next - 1, id);
        (void)bench_sgc.get(session, id); /* fails when the row is not there */
        gets[round] = bench_seconds() - start;
        bench_sgc.end(session);
        bench_sgc.close(self);
    }
    double open = bench_median(opens, ROUNDS), get = bench_median(gets, ROUNDS);
    printf("kill -9 with %llu rows in the MemTable: open %.1f ms, and first get %.1f ms, at most"
           " %.1f ms (%d rounds)\n",
           (unsigned long long)(next - job->rows), open * 1e3, get * 1e3, gets[ROUNDS - 1] * 1e3,
           ROUNDS);
    bench_remove_folder(job->folder);
}
