/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of contexts and network contexts, and the limits they meet.
 *
 * A context_exit is the last for its id: the id may be another context's at once,
 * and then its context_create comes later.  context_free is of the structure.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vserver

#if !defined(_TRACE_VSERVER_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_VSERVER_H

#include <linux/tracepoint.h>

TRACE_EVENT(context_create,
	TP_PROTO(u32 xid, u32 parent, u64 flags),
	TP_ARGS(xid, parent, flags),
	TP_STRUCT__entry(
		__field(u32, xid)
		__field(u32, parent)
		__field(u64, flags)
	),
	TP_fast_assign(
		__entry->xid = xid;
		__entry->parent = parent;
		__entry->flags = flags;
	),
	TP_printk("xid=%u parent=%u flags=%#llx", __entry->xid, __entry->parent,
		  __entry->flags)
);

/* The caller has moved, to no context if @xid is 0. */
DECLARE_EVENT_CLASS(vserver_move,
	TP_PROTO(u32 id, u32 from),
	TP_ARGS(id, from),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u32, from)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->from = from;
	),
	TP_printk("id=%u from=%u", __entry->id, __entry->from)
);

DEFINE_EVENT(vserver_move, context_migrate,
	TP_PROTO(u32 id, u32 from),
	TP_ARGS(id, from)
);

DEFINE_EVENT(vserver_move, network_migrate,
	TP_PROTO(u32 id, u32 from),
	TP_ARGS(id, from)
);

DECLARE_EVENT_CLASS(vserver_id,
	TP_PROTO(u32 id),
	TP_ARGS(id),
	TP_STRUCT__entry(
		__field(u32, id)
	),
	TP_fast_assign(
		__entry->id = id;
	),
	TP_printk("id=%u", __entry->id)
);

/* The last member has left, and it is not persistent. */
DEFINE_EVENT(vserver_id, context_exit,
	TP_PROTO(u32 id),
	TP_ARGS(id)
);

DEFINE_EVENT(vserver_id, context_free,
	TP_PROTO(u32 id),
	TP_ARGS(id)
);

DEFINE_EVENT(vserver_id, network_exit,
	TP_PROTO(u32 id),
	TP_ARGS(id)
);

DEFINE_EVENT(vserver_id, network_free,
	TP_PROTO(u32 id),
	TP_ARGS(id)
);

TRACE_EVENT(network_create,
	TP_PROTO(u32 nid, u64 flags),
	TP_ARGS(nid, flags),
	TP_STRUCT__entry(
		__field(u32, nid)
		__field(u64, flags)
	),
	TP_fast_assign(
		__entry->nid = nid;
		__entry->flags = flags;
	),
	TP_printk("nid=%u flags=%#llx", __entry->nid, __entry->flags)
);

/* One-time state was given up: of @flags, what is left. */
TRACE_EVENT(context_state,
	TP_PROTO(u32 xid, u64 gone, u64 flags),
	TP_ARGS(xid, gone, flags),
	TP_STRUCT__entry(
		__field(u32, xid)
		__field(u64, gone)
		__field(u64, flags)
	),
	TP_fast_assign(
		__entry->xid = xid;
		__entry->gone = gone;
		__entry->flags = flags;
	),
	TP_printk("xid=%u gone=%#llx flags=%#llx", __entry->xid, __entry->gone,
		  __entry->flags)
);

/* @pid as in the command: 0 all, -1 all but the init, 1 the init */
TRACE_EVENT(context_kill,
	TP_PROTO(u32 xid, s32 pid, int sig, long ret),
	TP_ARGS(xid, pid, sig, ret),
	TP_STRUCT__entry(
		__field(u32, xid)
		__field(s32, pid)
		__field(int, sig)
		__field(long, ret)
	),
	TP_fast_assign(
		__entry->xid = xid;
		__entry->pid = pid;
		__entry->sig = sig;
		__entry->ret = ret;
	),
	TP_printk("xid=%u pid=%d sig=%d ret=%ld", __entry->xid, __entry->pid,
		  __entry->sig, __entry->ret)
);

/* A member has called reboot(2), and a helper is on its way. */
TRACE_EVENT(context_reboot,
	TP_PROTO(u32 xid, u32 cmd),
	TP_ARGS(xid, cmd),
	TP_STRUCT__entry(
		__field(u32, xid)
		__field(u32, cmd)
	),
	TP_fast_assign(
		__entry->xid = xid;
		__entry->cmd = cmd;
	),
	TP_printk("xid=%u cmd=%#x", __entry->xid, __entry->cmd)
);

/* @value would have been more than @max of resource @id, as in set_rlimit */
TRACE_EVENT(context_limit,
	TP_PROTO(u32 xid, unsigned int id, long value, long max),
	TP_ARGS(xid, id, value, max),
	TP_STRUCT__entry(
		__field(u32, xid)
		__field(unsigned int, id)
		__field(long, value)
		__field(long, max)
	),
	TP_fast_assign(
		__entry->xid = xid;
		__entry->id = id;
		__entry->value = value;
		__entry->max = max;
	),
	TP_printk("xid=%u id=%u value=%ld max=%ld", __entry->xid, __entry->id,
		  __entry->value, __entry->max)
);

#endif /* _TRACE_VSERVER_H */

#include <trace/define_trace.h>
