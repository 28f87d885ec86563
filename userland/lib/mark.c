// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Marks of packets that come out of a cable: which context has sent them.
 *
 * Such a packet has lost its socket when the host routes it, and the device it came
 * in by when a bridge has taken it for the host.  What stays with it as far as the
 * queueing discipline of the device it leaves by is a field of 16 bits that is for
 * classifiers alone (skb->tc_index).  A program of three instructions at the host's
 * end of the cable writes it, one at the other device reads it: one for all
 * contexts.  iproute2 loads programs from object files only, so this speaks to the
 * kernel itself.
 */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "internal.h"

#define HINT	"it needs CONFIG_NET_CLS_BPF and CONFIG_NET_SCH_INGRESS; or leave out net.weight"

/* Behind what an administrator is likely to have there. */
#define PRIORITY	0x7678
#define FIELD		((short)offsetof(struct __sk_buff, tc_index))

struct message {
	struct nlmsghdr h;
	struct tcmsg tc;
	char attrs[128];
};

/* Returns where the value begins. */
static struct rtattr *attr(struct message *m, unsigned short type,
			   const void *value, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)m +
					     NLMSG_ALIGN(m->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), value, len);
	m->h.nlmsg_len = (uint32_t)(NLMSG_ALIGN(m->h.nlmsg_len) +
				    RTA_ALIGN(a->rta_len));
	return a;
}

static void message(struct message *m, unsigned short type, const char *dev,
		    uint32_t parent, uint32_t handle, const char *kind)
{
	memset(m, 0, sizeof(*m));
	m->h.nlmsg_len = NLMSG_LENGTH(sizeof(m->tc));
	m->h.nlmsg_type = type;
	m->h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (type == RTM_NEWQDISC || type == RTM_NEWTFILTER)
		m->h.nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	m->tc.tcm_family = AF_UNSPEC;
	m->tc.tcm_ifindex = (int)if_nametoindex(dev);
	m->tc.tcm_parent = parent;
	m->tc.tcm_handle = handle;
	attr(m, TCA_KIND, kind, strlen(kind) + 1);
}

/* 0, or -1 with errno; that it is there already is no failure. */
static int send_message(struct message *m)
{
	vx_autoclose int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
				    NETLINK_ROUTE);
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char more[512];
	} answer;
	ssize_t n;

	if (s < 0)
		return -1;
	if (send(s, m, m->h.nlmsg_len, 0) < 0)
		return -1;
	do {
		n = recv(s, &answer, sizeof(answer), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if ((size_t)n < sizeof(answer.h) + sizeof(answer.e) ||
	    answer.h.nlmsg_type != NLMSG_ERROR) {
		errno = EPROTO;
		return -1;
	}
	if (!answer.e.error || answer.e.error == -EEXIST)
		return 0;
	errno = -answer.e.error;
	return -1;
}

static int load(const struct bpf_insn *insns, size_t n)
{
	union bpf_attr a = {
		.prog_type = BPF_PROG_TYPE_SCHED_CLS,
		.insns = (uintptr_t)insns,
		.insn_cnt = (uint32_t)n,
		.license = (uintptr_t)"LGPL",
	};

	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
}

static void filter_of(struct message *m, unsigned short type, const char *dev,
		      uint32_t parent)
{
	message(m, type, dev, parent, 1, "bpf");
	m->tc.tcm_info = TC_H_MAKE(PRIORITY << 16, htons(ETH_P_ALL));
}

static int attach(const char *dev, uint32_t parent, const char *name,
		  const struct bpf_insn *insns, size_t n, bool is_action)
{
	vx_autoclose int prog = load(insns, n);
	struct rtattr *options;
	struct message m;

	if (prog < 0)
		return -1;
	filter_of(&m, RTM_NEWTFILTER, dev, parent);
	options = attr(&m, TCA_OPTIONS | NLA_F_NESTED, NULL, 0);
	attr(&m, TCA_BPF_FD, &prog, sizeof(prog));
	attr(&m, TCA_BPF_NAME, name, strlen(name) + 1);
	if (is_action) {
		uint32_t flags = TCA_BPF_FLAG_ACT_DIRECT;

		attr(&m, TCA_BPF_FLAGS, &flags, sizeof(flags));
	}
	options->rta_len = (unsigned short)((char *)&m + m.h.nlmsg_len -
					    (char *)options);
	return send_message(&m);
}

#define INGRESS	TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

int vx_mark_write(const char *dev, uint16_t mark, struct vctx_err *err)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2,
		  .imm = mark },
		{ .code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_REG_2, .off = FIELD },
		/* Go on to the filters of others. */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0,
		  .imm = TC_ACT_UNSPEC },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct message m;

	vx_mark_remove(dev);
	message(&m, RTM_NEWQDISC, dev, TC_H_CLSACT,
		TC_H_MAKE(TC_H_CLSACT, 0), "clsact");
	if (send_message(&m) ||
	    attach(dev, INGRESS, "vctx", insns, ARRAY_SIZE(insns), true))
		return vx_fail_errno(err, VCTX_HOST, HINT,
				     "cannot mark what comes from %s", dev);
	return 0;
}

/* What holds it may be somebody's by now: it goes with the device. */
void vx_mark_remove(const char *dev)
{
	struct message m;

	if (!if_nametoindex(dev))
		return;
	filter_of(&m, RTM_DELTFILTER, dev, INGRESS);
	send_message(&m);
}

int vx_mark_read(const char *dev, uint16_t tree, struct vctx_err *err)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_0,
		  .src_reg = BPF_REG_1, .off = FIELD },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0,
		  .off = 1, .imm = 0 },
		{ .code = BPF_ALU64 | BPF_OR | BPF_K, .dst_reg = BPF_REG_0,
		  .imm = tree << 16 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	if (attach(dev, (uint32_t)tree << 16, "vctx", insns,
		   ARRAY_SIZE(insns), false))
		return vx_fail_errno(err, VCTX_HOST, HINT,
				     "cannot classify what %s sends", dev);
	return 0;
}
