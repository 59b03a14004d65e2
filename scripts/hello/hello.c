/* The program of the image tsd/hello: says where it finds itself. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void print_line_of(const char *path, const char *start, const char *label) {
    char line[512];
    FILE *file = fopen(path, "r");

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, start, strlen(start)) == 0)
            printf("  %-14s %s", label, line + strlen(start));
    if (file != NULL)
        fclose(file);
}

int main(void) {
    struct utsname host;

    uname(&host);
    printf("Hello from a tsd container.\n\n");
    printf("  %-14s %s\n", "host name", host.nodename);
    printf("  %-14s %s %s\n", "kernel", host.sysname, host.release);
    printf("  %-14s %d (of a pid namespace of its own)\n", "process id", getpid());
    printf("  %-14s %d\n", "user id", getuid());
    print_line_of("/proc/self/status", "CapEff:\t", "capabilities");
    print_line_of("/proc/self/status", "Seccomp:\t", "seccomp mode");
    return 0;
}
