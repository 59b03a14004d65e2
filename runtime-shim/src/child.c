#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "mount.h"
#include "netlink.h"
#include "user.h"

/* Waits until the shim has put us into cgroups, networks and id maps. */
static int await_placed(void *context, struct error *err) {
    struct child *child = context;
    struct sync_message message;

    if (child->placed)
        return 0;
    if (sync_receive(child->sync, &message, NULL) <= 0 || message.kind != SYNC_PLACED)
        _exit(1); /* the shim is gone, or has given up */
    child->placed = true;
    if (child->new_cgroup_namespace && unshare(CLONE_NEWCGROUP) < 0)
        return fail_errno(err, "namespace", "unshare the cgroup namespace");
    return 0;
}

static int join_namespaces(struct child *child, struct error *err) {
    for (int i = 0; i < child->joined_count; i++)
        if (setns(child->joined[i], child->joined_flags[i]) < 0)
            return fail_errno(err, "namespace", "join the namespaces of a process");
    return 0;
}

static int make_devices(int root, const struct json *devices, struct error *err) {
    json_each(device, devices) {
        const char *path, *type, *name;
        int64_t major_number, minor_number, mode, uid = json_int_or(device, "uid", 0),
                                                  gid = json_int_or(device, "gid", 0);
        char parent[4096];
        autoclose int directory = -1;

        if (json_string(device, "path", &path, err) < 0 ||
            json_string(device, "type", &type, err) < 0 ||
            json_int(device, "major", &major_number, err) < 0 ||
            json_int(device, "minor", &minor_number, err) < 0 ||
            json_int(device, "mode", &mode, err) < 0)
            return -1;
        name = strrchr(path, '/');
        if (name == NULL || name[1] == 0 ||
            snprintf(parent, sizeof parent, "%.*s/", (int)(name - path), path) >= 4096)
            return fail(err, "config", "devices: %s is not a path", path);
        directory = open_in_root(root, parent, MAKE_DIRECTORY, err);
        if (directory < 0)
            return -1;
        if (mknodat(directory, name + 1,
                    (mode_t)mode | (*type == 'b'   ? S_IFBLK
                                    : *type == 'p' ? S_IFIFO
                                                   : S_IFCHR),
                    makedev((unsigned)major_number, (unsigned)minor_number)) < 0 &&
            errno != EEXIST)
            return fail_errno(err, "device", "mknod %s", path);
        if (fchmodat(directory, name + 1, (mode_t)mode & 07777, 0) < 0 ||
            ((uid != 0 || gid != 0) &&
             fchownat(directory, name + 1, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0))
            return fail_errno(err, "device", "set the owner of %s", path);
    }
    return 0;
}

static int make_links(int root, const struct json *links, struct error *err) {
    json_each(link, links) {
        const char *path, *target, *name;
        char parent[4096];
        autoclose int directory = -1;

        if (json_string(link, "path", &path, err) < 0 ||
            json_string(link, "target", &target, err) < 0)
            return -1;
        name = strrchr(path, '/');
        if (name == NULL ||
            snprintf(parent, sizeof parent, "%.*s/", (int)(name - path), path) >= 4096)
            return fail(err, "config", "links: %s is not a path", path);
        directory = open_in_root(root, parent, MAKE_DIRECTORY, err);
        if (directory < 0)
            return -1;
        if (symlinkat(target, directory, name + 1) < 0 && errno != EEXIST)
            return fail_errno(err, "device", "link %s", path);
    }
    return 0;
}

static int set_sysctls(int root, const struct json *sysctls, struct error *err) {
    json_each(sysctl, sysctls) {
        const char *name, *value;
        char path[1024];
        autoclose int file = -1, open_file = -1;

        if (json_string(sysctl, "name", &name, err) < 0 ||
            json_string(sysctl, "value", &value, err) < 0)
            return -1;
        if (snprintf(path, sizeof path, "/proc/sys/%s", name) >= (int)sizeof path ||
            strstr(name, "..") != NULL)
            return fail(err, "sysctl", "%s: not the name of a sysctl", name);
        for (char *at = path + 10; *at != 0; at++)
            if (*at == '.')
                *at = '/';
        file = open_in_root(root, path, MAKE_NOTHING, err);
        if (file < 0)
            return fail_as(err, "sysctl", ENOENT,
                           "open sysctl %s file: open %s: no such file or directory", name, path);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        open_file = open(path, O_WRONLY | O_CLOEXEC);
        if (open_file < 0 || write(open_file, value, strlen(value)) < 0)
            return fail_errno(err, "sysctl", "write %s to sysctl %s", value, name);
    }
    return 0;
}

/* A terminal of the container's own devpts; our end goes to the shim, the other is also
 * /dev/console. */
static int open_tty(struct child *child, int root, struct error *err) {
    const struct process_spec *spec = &child->container->process;
    struct winsize size = {.ws_row = (unsigned short)spec->rows,
                           .ws_col = (unsigned short)spec->columns};
    autoclose int multiplexer = open_in_root(root, "/dev/pts/ptmx", MAKE_NOTHING, err), master = -1,
                  console = -1;
    char path[32];
    int unlock = 0, slave;

    if (multiplexer < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", multiplexer);
    master = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
        return fail_errno(err, "tty", "open a terminal");
    slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return fail_errno(err, "tty", "open the terminal's other end");
    if (size.ws_row != 0 && size.ws_col != 0)
        ioctl(master, TIOCSWINSZ, &size);
    console = open_in_root(root, "/dev/console", MAKE_FILE, err);
    if (console < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", console);
    {
        char from[32];

        snprintf(from, sizeof from, "/proc/self/fd/%d", slave);
        if (mount(from, path, NULL, MS_BIND, NULL) < 0)
            return fail_errno(err, "tty", "bind /dev/console");
    }
    if (sync_send_fd(child->sync, SYNC_TTY, master) < 0)
        return fail_errno(err, "tty", "hand over the terminal");
    return slave;
}

static int set_names(const struct json *request, struct error *err) {
    const char *hostname = json_string_or(request, "hostname", ""),
               *domainname = json_string_or(request, "domainname", "");

    if (*hostname != 0 && sethostname(hostname, strlen(hostname)) < 0)
        return fail_errno(err, "hostname", "set the host name");
    if (*domainname != 0 && setdomainname(domainname, strlen(domainname)) < 0)
        return fail_errno(err, "hostname", "set the domain name");
    return 0;
}

/* Everything that is mounted, made or hidden; returns with the container's root entered. */
static int set_up_root(struct child *child, int *tty, struct error *err) {
    const struct json *request = child->request, *rootfs = json_get(request, "rootfs");
    int64_t propagation = json_int_or(rootfs, "propagation", 0);
    autoclose int root = -1;

    /* Nothing of ours may reach the host; what the host mounts reaches us only where asked. */
    if (mount(NULL, "/", NULL,
              (propagation == 0 ? MS_PRIVATE
                                : (unsigned long)propagation & ~(unsigned long)MS_SHARED) |
                  MS_REC,
              NULL) < 0)
        return fail_errno(err, "mount", "make / private");
    root = mount_overlay(rootfs, child->container->directory, err);
    if (root < 0 || mount_all(root, json_get(request, "mounts"), await_placed, child, err) < 0 ||
        make_devices(root, json_get(request, "devices"), err) < 0 ||
        make_links(root, json_get(request, "links"), err) < 0)
        return -1;
    if (child->container->process.tty && (*tty = open_tty(child, root, err)) < 0)
        return -1;
    if (await_placed(child, err) < 0)
        return -1;
    if (child->new_network && netlink_configure(json_get(request, "interfaces"), err) < 0)
        return -1;
    if (set_sysctls(root, json_get(request, "sysctls"), err) < 0 ||
        mask_paths(root, json_get(request, "maskedPaths"), err) < 0 ||
        protect_paths(root, json_get(request, "readonlyPaths"), err) < 0)
        return -1;
    if (json_flag_or(rootfs, "readonly", false) && make_readonly(root, false, err) < 0)
        return -1;
    return enter_root(root, err);
}

static int use_stdio(const struct child *child, int tty, struct error *err) {
    int from[3] = {child->stdin_fd, child->stdout_fd, child->stderr_fd};

    for (int i = 0; i < 3; i++)
        if (dup2(tty >= 0 ? tty : from[i], i) < 0)
            return fail_errno(err, "stdio", "dup2");
    return 0;
}

static int set_up(struct child *child, struct user *user, struct process_image *image,
                  struct error *err) {
    int tty = -1;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return fail_errno(err, "process", "prctl");
    if (join_namespaces(child, err) < 0 || set_names(child->request, err) < 0)
        return -1;
    if (set_up_root(child, &tty, err) < 0 || use_stdio(child, tty, err) < 0)
        return -1;
    return process_prepare(&child->container->process, user, image, err);
}

static void default_signals(void) {
    sigset_t none;

    for (int signal_number = 1; signal_number < _NSIG; signal_number++)
        signal(signal_number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void execute(struct child *child, const struct user *user, const struct process_image *image,
                    struct error *err) {
    default_signals();
    if (process_session(child->container->process.tty, err) == 0)
        process_execute(&child->container->process, user, image, err);
    sync_send(child->sync, SYNC_FAILED, err);
    _exit(127);
}

_Noreturn void child_main(struct child *child) {
    static struct user user;
    static struct process_image image;
    struct error err = {0};
    struct sync_message message;

    if (set_up(child, &user, &image, &err) < 0) {
        sync_send(child->sync, SYNC_FAILED, &err);
        _exit(127);
    }
    sync_send(child->sync, SYNC_READY, NULL);
    if (sync_receive(child->sync, &message, NULL) <= 0 || message.kind != SYNC_GO)
        _exit(1);
    if (child->init) {
        pid_t pid;

        prctl(PR_SET_NAME, "docker-init");
        pid = fork();
        if (pid == 0)
            execute(child, &user, &image, &err);
        close(child->sync);
        if (pid < 0)
            _exit(127);
        init_main(pid);
    }
    execute(child, &user, &image, &err);
    _exit(127);
}

static void drop_all_but_kill(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.effective = 1U << CAP_KILL, .permitted = 1U << CAP_KILL}};

    syscall(SYS_capset, &header, data);
}

void init_main(pid_t child) {
    sigset_t all;
    int status, code = 1;
    pid_t pid;

    syscall(SYS_close_range, 0, ~0U, 0);
    drop_all_but_kill();
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (;;) {
        siginfo_t info;
        bool done = false;

        if (sigwaitinfo(&all, &info) < 0)
            continue;
        if (info.si_signo != SIGCHLD) {
            kill(child, info.si_signo);
            continue;
        }
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            if (pid == child) {
                code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
                done = true;
            }
        if (done)
            _exit(code);
    }
}
