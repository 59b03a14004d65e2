#include <stdio.h>
#include <string.h>

#include "verbs.h"

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "launcher") == 0)
        return launcher_main(argv[2]);
    fprintf(stderr, "usage: tsd-shim launcher DIRECTORY\n");
    return 2;
}
