#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"

#define MAX_BATCH 8192

/* Requests that are sent together; each is acknowledged. */
struct batch {
    _Alignas(8) char data[MAX_BATCH];
    size_t used;
    struct nlmsghdr *current;
    unsigned count;
};

static void *reserve(struct batch *b, size_t length) {
    void *at = b->data + b->used;

    length = NLMSG_ALIGN(length);
    if (b->used + length > sizeof b->data)
        abort();
    memset(at, 0, length);
    b->used += length;
    return at;
}

/* Begins a request with its fixed part, which it returns. */
static void *begin(struct batch *b, unsigned short type, unsigned short flags, size_t fixed) {
    b->current = reserve(b, sizeof *b->current);
    b->current->nlmsg_type = type;
    b->current->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    b->current->nlmsg_seq = ++b->count;
    return reserve(b, fixed);
}

static void end(struct batch *b) {
    b->current->nlmsg_len = (uint32_t)(b->data + b->used - (char *)b->current);
}

static struct rtattr *put_attribute(struct batch *b, unsigned short type, const void *data,
                                    size_t length) {
    struct rtattr *attribute = reserve(b, RTA_LENGTH(length));

    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(length);
    if (length > 0)
        memcpy(RTA_DATA(attribute), data, length);
    return attribute;
}

static void close_attribute(struct batch *b, struct rtattr *attribute) {
    attribute->rta_len = (unsigned short)(b->data + b->used - (char *)attribute);
}

static void put_text(struct batch *b, unsigned short type, const char *text) {
    put_attribute(b, type, text, strlen(text) + 1);
}

static void put_u32(struct batch *b, unsigned short type, uint32_t value) {
    put_attribute(b, type, &value, sizeof value);
}

/* Sends what was gathered and waits for every acknowledgement; the first error (but `tolerated`) is
 * in errno. */
static int commit(struct batch *b, int tolerated) {
    autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    _Alignas(8) char buffer[8192];
    unsigned waiting = b->count;
    int failed = 0;

    if (fd < 0 || send(fd, b->data, b->used, 0) < 0)
        return -1;
    while (waiting > 0) {
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        for (struct nlmsghdr *h = (struct nlmsghdr *)buffer; NLMSG_OK(h, (size_t)n);
             h = NLMSG_NEXT(h, n)) {
            struct nlmsgerr *ack = NLMSG_DATA(h);

            if (h->nlmsg_type != NLMSG_ERROR)
                continue;
            waiting--;
            if (ack->error != 0 && -ack->error != tolerated && failed == 0)
                failed = -ack->error;
        }
    }
    errno = failed;
    return failed == 0 ? 0 : -1;
}

static int parse_mac(const char *text, unsigned char mac[6]) {
    unsigned part[6];
    char rest;

    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &part[0], &part[1], &part[2], &part[3], &part[4],
               &part[5], &rest) != 6)
        return -1;
    for (int i = 0; i < 6; i++)
        mac[i] = (unsigned char)part[i];
    return 0;
}

/* `ADDRESS/PREFIX` or `ADDRESS`. */
static int parse_address(const char *text, int *family, unsigned char address[16], int *prefix) {
    char copy[64], *slash;

    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
        return -1;
    slash = strchr(copy, '/');
    if (slash != NULL)
        *slash++ = 0;
    *family = strchr(copy, ':') == NULL ? AF_INET : AF_INET6;
    *prefix = slash == NULL ? (*family == AF_INET ? 32 : 128) : atoi(slash);
    return inet_pton(*family, copy, address) == 1 ? 0 : -1;
}

static int create_interface(const struct json *interface, pid_t pid, struct error *err) {
    const char *host_name, *name, *bridge, *mac_text;
    unsigned char mac[6];
    struct batch b = {.used = 0};
    struct ifinfomsg *link;
    struct rtattr *info, *data, *peer;
    int64_t mtu;
    unsigned index;

    if (json_string(interface, "hostName", &host_name, err) < 0 ||
        json_string(interface, "name", &name, err) < 0 ||
        json_string(interface, "bridge", &bridge, err) < 0 ||
        json_string(interface, "mac", &mac_text, err) < 0 ||
        json_int(interface, "mtu", &mtu, err) < 0)
        return -1;
    if (parse_mac(mac_text, mac) < 0 || strlen(host_name) >= IFNAMSIZ || strlen(name) >= IFNAMSIZ)
        return fail(err, "config", "interfaces: bad name or address");
    index = if_nametoindex(bridge);
    if (index == 0)
        return fail_errno(err, "network", "bridge %s", bridge);

    link = begin(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *link);
    link->ifi_flags = link->ifi_change = IFF_UP;
    put_text(&b, IFLA_IFNAME, host_name);
    put_u32(&b, IFLA_MASTER, index);
    if (mtu > 0)
        put_u32(&b, IFLA_MTU, (uint32_t)mtu);
    info = put_attribute(&b, IFLA_LINKINFO, NULL, 0);
    put_text(&b, IFLA_INFO_KIND, "veth");
    data = put_attribute(&b, IFLA_INFO_DATA, NULL, 0);
    peer = put_attribute(&b, VETH_INFO_PEER, NULL, 0);
    reserve(&b, sizeof *link); /* not up yet: an end cannot be while it has no other */
    put_text(&b, IFLA_IFNAME, name);
    put_attribute(&b, IFLA_ADDRESS, mac, sizeof mac);
    if (mtu > 0)
        put_u32(&b, IFLA_MTU, (uint32_t)mtu);
    put_u32(&b, IFLA_NET_NS_PID, (uint32_t)pid);
    close_attribute(&b, peer);
    close_attribute(&b, data);
    close_attribute(&b, info);
    end(&b);
    if (commit(&b, 0) < 0)
        return fail_errno(err, "network", "make veth %s", host_name);
    return 0;
}

int netlink_create_interfaces(const struct json *interfaces, pid_t pid, struct error *err) {
    json_each(interface, interfaces) if (create_interface(interface, pid, err) < 0) return -1;
    return 0;
}

static int put_address(struct batch *b, unsigned index, const char *text, struct error *err) {
    unsigned char address[16];
    int family, prefix;
    struct ifaddrmsg *message;

    if (parse_address(text, &family, address, &prefix) < 0)
        return fail(err, "config", "%s: not an address", text);
    message = begin(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof *message);
    message->ifa_family = (unsigned char)family;
    message->ifa_prefixlen = (unsigned char)prefix;
    message->ifa_index = index;
    message->ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
    put_attribute(b, IFA_LOCAL, address, family == AF_INET ? 4 : 16);
    put_attribute(b, IFA_ADDRESS, address, family == AF_INET ? 4 : 16);
    if (family == AF_INET && prefix < 31) {
        uint32_t broadcast;

        memcpy(&broadcast, address, 4);
        broadcast |= htonl(0xffffffffU >> prefix);
        put_u32(b, IFA_BROADCAST, broadcast);
    }
    end(b);
    return 0;
}

static int put_gateway(struct batch *b, unsigned index, const char *text, struct error *err) {
    unsigned char address[16];
    int family, prefix;
    struct rtmsg *message;

    if (parse_address(text, &family, address, &prefix) < 0)
        return fail(err, "config", "%s: not an address", text);
    message = begin(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof *message);
    message->rtm_family = (unsigned char)family;
    message->rtm_table = RT_TABLE_MAIN;
    message->rtm_protocol = RTPROT_BOOT;
    message->rtm_scope = RT_SCOPE_UNIVERSE;
    message->rtm_type = RTN_UNICAST;
    put_attribute(b, RTA_GATEWAY, address, family == AF_INET ? 4 : 16);
    put_u32(b, RTA_OIF, index);
    end(b);
    return 0;
}

static void put_up(struct batch *b, int index) {
    struct ifinfomsg *link = begin(b, RTM_NEWLINK, 0, sizeof *link);

    link->ifi_index = index;
    link->ifi_flags = link->ifi_change = IFF_UP;
    end(b);
}

int netlink_configure(const struct json *interfaces, struct error *err) {
    struct batch b = {.used = 0};

    put_up(&b, 1); /* the loopback is always the first */
    json_each(interface, interfaces) {
        const char *name;
        unsigned index;

        if (json_string(interface, "name", &name, err) < 0)
            return -1;
        index = if_nametoindex(name);
        if (index == 0)
            return fail_errno(err, "network", "interface %s", name);
        put_up(&b, (int)index);
        json_each(address,
                  json_get(interface, "addresses")) if (address->type == JSON_STRING &&
                                                        put_address(&b, index, address->string,
                                                                    err) < 0) return -1;
        json_each(gateway,
                  json_get(interface, "gateways")) if (gateway->type == JSON_STRING &&
                                                       put_gateway(&b, index, gateway->string,
                                                                   err) < 0) return -1;
    }
    if (commit(&b, 0) < 0)
        return fail_errno(err, "network", "configure the interfaces");
    return 0;
}

int netlink_bridge(const struct json *request, bool *created, struct error *err) {
    const char *name;
    int64_t mtu = json_int_or(request, "mtu", 0);
    struct batch make = {.used = 0}, set = {.used = 0};
    struct ifinfomsg *link;
    struct rtattr *info;
    unsigned index;

    if (json_string(request, "name", &name, err) < 0)
        return -1;
    if (strlen(name) >= IFNAMSIZ)
        return fail(err, "config", "%s: too long for the name of a bridge", name);
    *created = if_nametoindex(name) == 0;
    if (*created) {
        begin(&make, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *link);
        put_text(&make, IFLA_IFNAME, name);
        if (mtu > 0)
            put_u32(&make, IFLA_MTU, (uint32_t)mtu);
        info = put_attribute(&make, IFLA_LINKINFO, NULL, 0);
        put_text(&make, IFLA_INFO_KIND, "bridge");
        close_attribute(&make, info);
        end(&make);
        if (commit(&make, EEXIST) < 0)
            return fail_errno(err, "network", "make bridge %s", name);
    }
    index = if_nametoindex(name);
    json_each(address, json_get(request, "addresses")) if (address->type == JSON_STRING &&
                                                           put_address(&set, index, address->string,
                                                                       err) < 0) return -1;
    put_up(&set, (int)index);
    if (commit(&set, EEXIST) < 0)
        return fail_errno(err, "network", "configure bridge %s", name);
    return 0;
}

int netlink_delete_link(const char *name, struct error *err) {
    struct batch b = {.used = 0};

    if (strlen(name) >= IFNAMSIZ)
        return fail(err, "config", "%s: too long for the name of a link", name);
    begin(&b, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
    put_text(&b, IFLA_IFNAME, name);
    end(&b);
    if (commit(&b, ENODEV) < 0)
        return fail_errno(err, "network", "delete %s", name);
    return 0;
}
