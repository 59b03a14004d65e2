#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "message.h"
#include "user.h"

static int load_filter(const char *path, struct process_spec *spec, struct error *err) {
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return fail_errno(err, "seccomp", "open %s", path);
    if (st.st_size == 0 || st.st_size % (off_t)sizeof(struct sock_filter) != 0 ||
        st.st_size / (off_t)sizeof(struct sock_filter) > BPF_MAXINSNS)
        return fail(err, "seccomp", "%s: not a BPF program", path);
    spec->filter = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (spec->filter == MAP_FAILED) {
        spec->filter = NULL;
        return fail_errno(err, "seccomp", "mmap %s", path);
    }
    spec->filter_length = (size_t)st.st_size / sizeof(struct sock_filter);
    return 0;
}

static int strings(const struct json *object, const char *key, const struct json **value,
                   struct error *err) {
    *value = json_get(object, key);
    if (*value == NULL || (*value)->type != JSON_ARRAY)
        return fail(err, "config", "%s: an array of strings was expected", key);
    json_each(element, *value) if (element->type != JSON_STRING) return fail(
        err, "config", "%s: an array of strings was expected", key);
    return 0;
}

static int parse_capabilities(const struct json *process, struct process_spec *spec,
                              struct error *err) {
    const struct json *caps = json_get(process, "capabilities");

    if (json_u64(caps, "bounding", 16, &spec->bounding, err) < 0 ||
        json_u64(caps, "permitted", 16, &spec->permitted, err) < 0 ||
        json_u64(caps, "effective", 16, &spec->effective, err) < 0 ||
        json_u64(caps, "inheritable", 16, &spec->inheritable, err) < 0 ||
        json_u64(caps, "ambient", 16, &spec->ambient, err) < 0)
        return -1;
    return 0;
}

int process_parse(const struct json *request, struct process_spec *spec, struct error *err) {
    const struct json *process = json_get(request, "process"), *stdio = json_get(request, "stdio");
    const char *seccomp;

    memset(spec, 0, sizeof *spec);
    if (strings(process, "args", &spec->args, err) < 0 ||
        strings(process, "env", &spec->env, err) < 0 ||
        strings(process, "groups", &spec->groups, err) < 0 ||
        json_string(process, "cwd", &spec->cwd, err) < 0 ||
        json_string(process, "user", &spec->user, err) < 0 ||
        parse_capabilities(process, spec, err) < 0 ||
        json_flag(process, "noNewPrivileges", &spec->no_new_privileges, err) < 0 ||
        json_int(process, "oomScoreAdj", &spec->oom_score_adj, err) < 0 ||
        json_int(process, "umask", &spec->umask, err) < 0 ||
        json_flag(stdio, "tty", &spec->tty, err) < 0 ||
        json_flag(stdio, "stdin", &spec->stdin_open, err) < 0)
        return -1;
    spec->rlimits = json_get(process, "rlimits");
    spec->apparmor = json_string_or(process, "apparmor", NULL);
    spec->rows = json_int_or(stdio, "rows", 0);
    spec->columns = json_int_or(stdio, "columns", 0);
    if (spec->args->length == 0)
        return fail(err, "config", "args: empty");
    seccomp = json_string_or(process, "seccomp", NULL);
    return seccomp == NULL ? 0 : load_filter(seccomp, spec, err);
}

void process_free(struct process_spec *spec) {
    if (spec->filter != NULL)
        munmap(spec->filter, spec->filter_length * sizeof(struct sock_filter));
    spec->filter = NULL;
}

/* mkdir -p below the current root, then chdir. */
static int enter_directory(const char *path, struct error *err) {
    char text[4096], *slash = text;

    if (snprintf(text, sizeof text, "%s", *path == 0 ? "/" : path) >= (int)sizeof text)
        return fail_as(err, "cwd", ENAMETOOLONG, "working directory is too long");
    if (chdir(text) < 0) {
        if (errno != ENOENT)
            return fail_as(err, "cwd", errno, "chdir to cwd (\"%s\") set in config.json failed: %s",
                           text, errno == ENOTDIR ? "not a directory" : strerror(errno));
        while ((slash = strchr(slash + 1, '/')) != NULL) {
            *slash = 0;
            mkdir(text, 0755);
            *slash = '/';
        }
        if (mkdir(text, 0755) < 0 && errno != EEXIST)
            return fail_errno(err, "cwd", "mkdir %s", text);
        if (chdir(text) < 0)
            return fail_errno(err, "cwd", "chdir to cwd (\"%s\")", text);
    }
    /* A directory outside the root shows as `(unreachable)…`: CVE-2024-21626. */
    if (syscall(SYS_getcwd, text, sizeof text) < 0 || text[0] != '/')
        return fail_as(err, "cwd", ENOENT,
                       "current working directory is outside of container mount namespace root");
    return 0;
}

static int to_vector(const struct json *array, size_t extra, char ***vector, struct error *err) {
    size_t n = 0;

    *vector = calloc(array->length + extra + 1, sizeof **vector);
    if (*vector == NULL)
        return fail(err, "config", "out of memory");
    json_each(element, array)(*vector)[n++] = (char *)element->string;
    return 0;
}

static const char *find_env(char **envp, const char *name) {
    size_t length = strlen(name);
    const char *found = NULL;

    for (; *envp != NULL; envp++)
        if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=')
            found = *envp + length + 1;
    return found;
}

static int check_executable(const char *path, struct error *err) {
    struct stat st;

    if (stat(path, &st) < 0)
        return fail_as(err, "exec", errno, "exec: \"%s\": stat %s: %s", path, path,
                       errno == ENOENT ? "no such file or directory" : strerror(errno));
    if (S_ISDIR(st.st_mode))
        return fail_as(err, "exec", EACCES, "exec: \"%s\": is a directory", path);
    if (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)
        return fail_as(err, "exec", EACCES, "exec: \"%s\": permission denied", path);
    return 0;
}

/* As a shell would: a name with a slash is a path, any other is looked for along PATH. */
static int find_executable(const char *name, char **envp, char path[static 4096],
                           struct error *err) {
    const char *at = find_env(envp, "PATH");
    bool denied = false;

    if (name == NULL)
        return fail(err, "config", "args: empty");
    if (strchr(name, '/') != NULL) {
        if (snprintf(path, 4096, "%s", name) >= 4096)
            return fail_as(err, "exec", ENAMETOOLONG, "exec: name too long");
        return check_executable(path, err);
    }
    while (at != NULL && *at != 0 && *name != 0) {
        size_t length = strcspn(at, ":");
        struct stat st;

        if (snprintf(path, 4096, "%.*s%s%s", (int)length, at, length == 0 ? "./" : "/", name) <
                4096 &&
            stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            if ((st.st_mode & 0111) != 0)
                return 0;
            denied = true;
        }
        at += length;
        at += *at == ':';
    }
    if (denied)
        return fail_as(err, "exec", EACCES, "exec: \"%s\": permission denied", name);
    return fail_as(err, "exec", ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

int process_prepare(const struct process_spec *spec, struct user *user, struct process_image *image,
                    struct error *err) {
    char *home;

    if (user_resolve(spec->user, spec->groups, user, err) < 0 ||
        enter_directory(spec->cwd, err) < 0 || to_vector(spec->args, 0, &image->argv, err) < 0 ||
        to_vector(spec->env, 1, &image->envp, err) < 0)
        return -1;
    if (find_env(image->envp, "HOME") == NULL) {
        if (asprintf(&home, "HOME=%s", user->home) < 0)
            return fail(err, "config", "out of memory");
        image->envp[spec->env->length] = home;
    }
    return find_executable(image->argv[0], image->envp, image->path, err);
}

int process_session(bool tty, struct error *err) {
    setsid();
    if (tty && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
        return fail_errno(err, "tty", "ioctl TIOCSCTTY");
    return 0;
}

static int set_rlimits(const struct json *rlimits, struct error *err) {
    json_each(limit, rlimits) {
        struct rlimit now, wanted;
        uint64_t soft, hard;
        int64_t resource;

        if (json_int(limit, "resource", &resource, err) < 0 ||
            json_u64(limit, "soft", 10, &soft, err) < 0 ||
            json_u64(limit, "hard", 10, &hard, err) < 0)
            return -1;
        wanted = (struct rlimit){soft, hard};
        if (setrlimit((int)resource, &wanted) == 0)
            continue;
        if (errno != EPERM)
            return fail_errno(err, "rlimit", "setrlimit %d", (int)resource);
        /* Raising the hard limit takes CAP_SYS_RESOURCE, which we may lack: as far as we can. */
        if (getrlimit((int)resource, &now) == 0) {
            now.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max;
            setrlimit((int)resource, &now);
        }
    }
    return 0;
}

static int load_seccomp(const struct process_spec *spec, struct error *err) {
    struct sock_fprog program = {.len = (unsigned short)spec->filter_length,
                                 .filter = spec->filter};

    if (spec->filter != NULL && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return fail_errno(err, "seccomp", "load the filter");
    return 0;
}

static int drop_bounding(uint64_t keep, struct error *err) {
    for (int cap = 0; cap < 64; cap++) {
        if (keep >> cap & 1)
            continue;
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
            if (errno == EINVAL)
                break; /* past the last one this kernel has */
            return fail_errno(err, "capabilities", "drop capability %d", cap);
        }
    }
    return 0;
}

static int set_capabilities(const struct process_spec *spec, bool root, struct error *err) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2], own[2];
    uint64_t have, permitted, effective, inheritable;

    if (syscall(SYS_capget, &header, own) < 0)
        return fail_errno(err, "capabilities", "capget");
    have = (uint64_t)own[1].permitted << 32 | own[0].permitted;
    inheritable = spec->inheritable & have;
    permitted = (root ? spec->permitted : spec->ambient) & have;
    effective = (root ? spec->effective : spec->ambient) & have;
    for (int i = 0; i < 2; i++) {
        data[i].permitted = (uint32_t)(permitted >> (32 * i));
        data[i].effective = (uint32_t)(effective >> (32 * i));
        data[i].inheritable = (uint32_t)(inheritable >> (32 * i));
    }
    if (syscall(SYS_capset, &header, data) < 0)
        return fail_errno(err, "capabilities", "capset");
    for (int cap = 0; cap < 64; cap++)
        if (spec->ambient & inheritable & permitted & 1ULL << cap)
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
    return 0;
}

static int set_apparmor(const char *profile, struct error *err) {
    autoclose int fd = open("/proc/self/attr/exec", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 || dprintf(fd, "exec %s", profile) < 0)
        return fail_errno(err, "apparmor", "apply profile %s", profile);
    return 0;
}

/* The container's own files must not tell it of the shim's: nothing is open past this but what exec
 * closes. */
static int become(const struct process_spec *spec, const struct user *user, struct error *err) {
    if (set_rlimits(spec->rlimits, err) < 0)
        return -1;
    if (spec->apparmor != NULL && set_apparmor(spec->apparmor, err) < 0)
        return -1;
    /* Without no_new_privs, loading a filter takes CAP_SYS_ADMIN, which is about to go. */
    if (!spec->no_new_privileges && load_seccomp(spec, err) < 0)
        return -1;
    if (drop_bounding(spec->bounding, err) < 0)
        return -1;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return fail_errno(err, "capabilities", "keep capabilities");
    if (syscall(SYS_setgroups, user->group_count, user->groups) < 0)
        return fail_errno(err, "user", "setgroups");
    if (syscall(SYS_setresgid, user->gid, user->gid, user->gid) < 0)
        return fail_errno(err, "user", "setgid %u", user->gid);
    if (syscall(SYS_setresuid, user->uid, user->uid, user->uid) < 0)
        return fail_errno(err, "user", "setuid %u", user->uid);
    if (set_capabilities(spec, user->uid == 0, err) < 0)
        return -1;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* again: a change of user clears it (prctl(2)) */
    umask((mode_t)spec->umask);
    if (spec->no_new_privileges) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
            return fail_errno(err, "seccomp", "set no_new_privs");
        return load_seccomp(spec, err);
    }
    return 0;
}

int process_execute(const struct process_spec *spec, const struct user *user,
                    const struct process_image *image, struct error *err) {
    if (spec->tty && fchown(STDIN_FILENO, user->uid, (gid_t)-1) < 0 && errno != EROFS &&
        errno != EPERM && errno != EINVAL)
        return fail_errno(err, "tty", "chown the tty");
    if (become(spec, user, err) < 0)
        return -1;
    syscall(SYS_close_range, 3, ~0U,
            CLOSE_RANGE_CLOEXEC); /* whatever was inherited, it is not for the container */
    execve(image->path, image->argv, image->envp);
    if (errno == ENOENT)
        return fail_as(err, "exec", errno, "exec %s: no such file or directory", image->path);
    if (errno == ENOEXEC)
        return fail_as(err, "exec", errno, "exec %s: exec format error", image->path);
    return fail_as(err, "exec", errno, "exec %s: %s", image->path,
                   errno == EACCES ? "permission denied" : strerror(errno));
}
