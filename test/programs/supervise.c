/* Runs a daemon for the tests and takes in what it leaves behind.
 *
 * usage: supervise PROGRAM ARG...
 *
 * Orphans are adopted (PR_SET_CHILD_SUBREAPER) and reaped, as an init would. Each line `start` on stdin starts the program;
 * what happens to it is told on stdout: `started PID`, `exited PID STATUS` (128+n for a signal). When stdin ends, however
 * the test ended, every descendant is killed and reaped. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static void start(char **argv, const sigset_t *signals, pid_t *child) {
    *child = fork();
    if (*child == 0) {
        int null = open("/dev/null", 0);

        sigprocmask(SIG_UNBLOCK, signals, NULL);
        dup2(null, STDIN_FILENO);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    printf("started %d\n", *child);
    fflush(stdout);
}

static void reap(pid_t child) {
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == child) {
            printf("exited %d %d\n", pid,
                   WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
            fflush(stdout);
        }
    }
}

/* Kills and reaps until no descendant is left: what a killed child leaves becomes ours. */
static void finish(void) {
    char path[64];

    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    for (;;) {
        FILE *children = fopen(path, "re");
        int pid;

        while (children != NULL && fscanf(children, "%d", &pid) == 1)
            kill(pid, SIGKILL);
        if (children != NULL)
            fclose(children);
        if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD)
            return;
    }
}

int main(int argc, char **argv) {
    struct pollfd fds[2];
    sigset_t signals;
    pid_t child = -1;
    char line[64];
    ssize_t got;

    if (argc < 2)
        return 2;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = signalfd(-1, &signals, SFD_CLOEXEC), .events = POLLIN};

    for (;;) {
        poll(fds, 2, -1);
        if (fds[1].revents != 0) {
            struct signalfd_siginfo info;

            if (read(fds[1].fd, &info, sizeof info) > 0)
                reap(child);
        }
        if (fds[0].revents != 0) {
            got = read(STDIN_FILENO, line, sizeof line);
            if (got <= 0)
                break;
            if (memchr(line, '\n', (size_t)got) != NULL)
                start(argv + 1, &signals, &child);
        }
    }
    finish();
    return 0;
}
