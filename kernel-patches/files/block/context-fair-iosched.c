// SPDX-License-Identifier: GPL-2.0
/*
 * Elevator "context-fair": a disk shared among contexts by weight, with
 * reservations and limits, in device time.
 *
 * Which context goes next is decided in ctxfq.c; which of its requests, here,
 * much like mq-deadline does it for everybody: reads before writes, by sector in
 * batches, by age when one has waited for too long. Batches count as any other
 * requests, so they never change the shares. Requests of different contexts are
 * never merged, see vx_bio_mergeable().
 *
 * What is in no context (the host, kernel threads, writeback, journals) is flow
 * 0, one among the others. What each is to get is kept with the contexts, see
 * vx_disk_get_share(), and copied to the flow when it is made and when it changes.
 *
 * A request that comes back from the driver goes before everything else, but is
 * counted as any other. Next come those that others may wait for, see cf_urgent().
 *
 * Writes that nobody waits for may become such that everybody waits for: a journal
 * commits when the data of its files is on the disk. So a context has only a few of
 * them here at a time, see cf_gate(), and those go at once when it comes to that.
 *
 * Not here yet: the number of other requests that a context may have allocated is
 * not limited, so one with very many can take all tags and the others wait for a
 * tag before they are seen here; raising queue/nr_requests helps.
 *
 * Lock: one per device, taken with interrupts off because requests complete in
 * interrupts; inside it only ioc and queue locks of the merging code, and those it
 * takes to wake somebody.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/hashtable.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/sbitmap.h>
#include <linux/slab.h>
#include <linux/vserver_disk.h>

#include <trace/events/block.h>

#include "blk.h"
#include "blk-mq.h"
#include "blk-mq-sched.h"
#include "blk-wbt.h"
#include "ctxfq.h"
#include "elevator.h"

/* As in mq-deadline, and for its reasons. */
#define CF_READ_EXPIRE	(HZ / 2)
#define CF_WRITE_EXPIRE	(5 * HZ)
#define CF_STARVED	2	/* batches of reads before one of writes */
#define CF_BATCH	16

/*
 * Writes of one context that nobody waits for, waiting here: as many as take the device
 * so long, in us; a commit may have to wait for all of them. Below a few the flusher
 * would not be there with the next ones in time. Nobody is kept for longer than a
 * second. What is at the device does not count: with a depth of all that two contexts
 * may have here nothing would be left to choose from, and they would get the same.
 */
#define CF_BEHIND_US	25000
#define CF_BEHIND_LEAST	8
#define CF_GATE_MOST	HZ

/*
 * A context on this device. It goes with its last request after the context has
 * gone. Until then a new context of the same id takes it over.
 */
struct cf_flow {
	struct ctxfq_flow fq;
	u32 xid;
	bool dead;			/* no such context when last looked up */
	unsigned int rqs;		/* that point here */
	struct hlist_node node;
	struct vx_disk_share share;	/* as told to ctxfq */

	struct rb_root sort[2];		/* by direction */
	struct list_head fifo[2];
	sector_t pos[2];		/* behind the last one sent */
	int dir;
	unsigned int batch;
	unsigned int starved;

	unsigned int hurry;		/* journals that wait for its writes */
	unsigned int behind;		/* writes that wait here, and nobody for them */
	unsigned int room;		/* and so many there may be */
	unsigned int waiting;		/* tasks in cf_gate() */
	wait_queue_head_t gate;
	u64 write_time;			/* mean device time of one of them, ns */

	u64 ios[2], bytes[2], time;	/* done */
	u64 urgent;			/* requests that went out of turn */
};

struct cf_data {
	spinlock_t lock;		/* all of it */
	struct request_queue *q;
	struct ctxfq fq;
	struct ctxfq_model model;
	struct list_head first;		/* came back from the driver */
	struct list_head urgent;	/* others may wait for them */
	bool work;			/* a request may be sent; read without lock */
	struct hrtimer timer;		/* somebody comes below the limit */
	struct notifier_block nb;	/* shares change */
	unsigned int behind_us;		/* CF_BEHIND_US; 0: no end */
	DECLARE_HASHTABLE(flows, 8);
	struct cf_flow other;		/* flow 0 */
};

/*
 * elv.priv of a request: [0] the flow, from its insertion on; [1] from the
 * moment it is sent until it is done, what it was estimated at, and as what.
 */
#define CF_EST_BITS	40
#define CF_SIZE_SHIFT	CF_EST_BITS
#define CF_SEQ_SHIFT	(CF_EST_BITS + 4)
#define CF_OP_SHIFT	(CF_EST_BITS + 5)

static struct cf_flow *cf_rq_flow(struct request *rq)
{
	return rq->elv.priv[0];
}

static u64 cf_rq_sent(struct request *rq)
{
	return (unsigned long)rq->elv.priv[1];
}

static u64 cf_estimated(u64 sent)
{
	return sent & GENMASK_ULL(CF_EST_BITS - 1, 0);
}

/* ---- Flows ---- */

static void cf_flow_init(struct cf_data *cf, struct cf_flow *f, u32 xid)
{
	int dir;

	ctxfq_flow_init(&f->fq);
	f->xid = xid;
	f->share.weight = CTXFQ_WEIGHT_DEFAULT;
	f->dead = true;			/* to be looked up at its first request */
	f->room = UINT_MAX;
	init_waitqueue_head(&f->gate);
	for (dir = READ; dir <= WRITE; dir++) {
		f->sort[dir] = RB_ROOT;
		INIT_LIST_HEAD(&f->fifo[dir]);
	}
	hash_add(cf->flows, &f->node, xid);
}

static struct cf_flow *cf_flow_find(struct cf_data *cf, u32 xid)
{
	struct cf_flow *f;

	hash_for_each_possible(cf->flows, f, node, xid)
		if (f->xid == xid)
			return f;
	return NULL;
}

static void cf_set_rate(struct cf_data *cf, struct cf_flow *f,
			int (*set)(struct ctxfq *q, struct ctxfq_flow *f,
				   enum ctxfq_unit unit, u64 units, u64 ns, u64 now),
			const struct vx_disk_rate *r, u64 now)
{
	switch (r->unit) {
	case VX_DISK_IN_TIME:
		set(&cf->fq, &f->fq, CTXFQ_TIME, r->value, 1000, now);
		break;
	case VX_DISK_IN_BYTES:
		set(&cf->fq, &f->fq, CTXFQ_BYTES, r->value, NSEC_PER_SEC, now);
		break;
	case VX_DISK_IN_IOS:
		set(&cf->fq, &f->fq, CTXFQ_IOS, r->value, NSEC_PER_SEC, now);
		break;
	}
}

static bool cf_same_rate(const struct vx_disk_rate *a, const struct vx_disk_rate *b)
{
	return a->unit == b->unit && a->value == b->value;
}

/* Looks up what a flow is to get. What has not changed keeps its tag. */
static void cf_flow_refresh(struct cf_data *cf, struct cf_flow *f, u64 now)
{
	struct vx_disk_share share;

	f->dead = !vx_disk_get_share(f->xid, disk_devt(cf->q->disk), &share);
	if (share.weight != f->share.weight)
		ctxfq_set_weight(&f->fq, share.weight);
	if (!cf_same_rate(&share.reserve, &f->share.reserve))
		cf_set_rate(cf, f, ctxfq_set_reserve, &share.reserve, now);
	if (!cf_same_rate(&share.max, &f->share.max))
		cf_set_rate(cf, f, ctxfq_set_limit, &share.max, now);
	f->share = share;
}

/* The flow of a bio, made if there is none; flow 0 without memory. */
static struct cf_flow *cf_flow_get(struct cf_data *cf, struct bio *bio, u64 now)
{
	u32 xid = bio ? vx_bio_xid(bio) : 0;
	struct cf_flow *f;

	/* The watch id has no context behind it. */
	if (xid < VX_XID_MIN)
		xid = 0;
	f = cf_flow_find(cf, xid);
	if (!f) {
		f = kzalloc(sizeof(*f), GFP_ATOMIC | __GFP_NOWARN);
		if (!f)
			return &cf->other;
		cf_flow_init(cf, f, xid);
	}
	if (f->dead)
		cf_flow_refresh(cf, f, now);
	return f;
}

/* A flow may have become superfluous; not to be used any more after this. */
static void cf_flow_drop(struct cf_data *cf, struct cf_flow *f)
{
	if (!f->dead || f->rqs || f->waiting || f == &cf->other ||
	    !ctxfq_flow_exit(&cf->fq, &f->fq))
		return;
	hash_del(&f->node);
	kfree(f);
}

/* A write that nobody waits for; the same as long as the request is here. */
static bool cf_behind(blk_opf_t opf)
{
	return (opf & REQ_OP_MASK) == REQ_OP_WRITE && !op_is_sync(opf);
}

static bool cf_full(const struct cf_data *cf, const struct cf_flow *f)
{
	return f->behind >= f->room && cf->behind_us && !cf->fq.hasty &&
	       !(f->hurry && ctxfq_may_hurry(&cf->fq, &f->fq));
}

static void cf_bind(struct request *rq, struct cf_flow *f)
{
	rq->elv.priv[0] = f;
	f->rqs++;
	if (cf_behind(rq->cmd_flags))
		f->behind++;
}

/* One less that nobody waits for: sent, or gone. */
static void cf_less_behind(struct cf_data *cf, struct cf_flow *f)
{
	f->behind--;
	if (f->waiting && !cf_full(cf, f))
		wake_up(&f->gate);
}

static void cf_unbind(struct cf_data *cf, struct request *rq)
{
	struct cf_flow *f = cf_rq_flow(rq);

	rq->elv.priv[0] = NULL;
	f->rqs--;
	if (!cf_rq_sent(rq) && cf_behind(rq->cmd_flags))
		cf_less_behind(cf, f);
	cf_flow_drop(cf, f);
}

static void cf_take_out(struct request_queue *q, struct cf_flow *f,
			struct request *rq)
{
	list_del_init(&rq->queuelist);
	if (!RB_EMPTY_NODE(&rq->rb_node))
		elv_rb_del(&f->sort[rq_data_dir(rq)], rq);
	elv_rqhash_del(q, rq);
	if (q->last_merge == rq)
		q->last_merge = NULL;
}

/* ---- When to look again ---- */

/*
 * The queue is being emptied: to change the elevator or something else of it, or because
 * the disk is gone. Somebody waits for the last request, in whose way no limit shall be.
 */
static bool cf_emptied(const struct cf_data *cf)
{
	return percpu_ref_is_dying(&cf->q->q_usage_counter);
}

/*
 * After anything changed. The block layer asks for requests only while there is
 * work, so whenever there is none although requests wait, either one is at the
 * device, whose completion comes here, or all that wait are over their limits or
 * kept back for a flow that will send something in a moment, and the timer is armed.
 */
static void cf_update(struct cf_data *cf)
{
	u64 now, when;
	bool work;

	lockdep_assert_held(&cf->lock);
	/* The time is read under the lock: a later update never sees an earlier one. */
	now = ktime_get_ns();
	cf->fq.hasty = cf_emptied(cf);
	work = !list_empty(&cf->first) || !list_empty(&cf->urgent) ||
	       ctxfq_may_send(&cf->fq, now);
	WRITE_ONCE(cf->work, work);
	if (!work && ctxfq_wakeup(&cf->fq, now, &when) &&
	    !(hrtimer_is_queued(&cf->timer) &&
	      ktime_to_ns(hrtimer_get_expires(&cf->timer)) == when))
		hrtimer_start(&cf->timer, ns_to_ktime(when), HRTIMER_MODE_ABS);
}

/*
 * A journal waits for what the flow writes, and others may wait for the journal: the
 * writes that are here go at once, however much is owed for them, and for those to come
 * see cf_urgent().
 */
static void cf_hurry(struct cf_data *cf, struct cf_flow *f)
{
	struct request *rq, *next;

	f->hurry++;
	list_for_each_entry_safe(rq, next, &f->fifo[WRITE], queuelist) {
		cf_take_out(cf->q, f, rq);
		list_add_tail(&rq->queuelist, &cf->urgent);
	}
	if (f->waiting)
		wake_up_all(&f->gate);
}

/* What a context is to get may have changed, or it is gone; or see cf_hurry(). */
static int cf_told(struct notifier_block *nb, unsigned long what, void *arg)
{
	struct cf_data *cf = container_of(nb, struct cf_data, nb);
	u32 *xid = arg;
	unsigned long flags;
	struct cf_flow *f;

	spin_lock_irqsave(&cf->lock, flags);
	f = cf_flow_find(cf, *xid);
	if (f) {
		switch (what) {
		case VX_DISK_HURRY:
			cf_hurry(cf, f);
			break;
		case VX_DISK_CALM:
			/* The flow may be younger than the hurry. */
			if (f->hurry)
				f->hurry--;
			break;
		default:
			cf_flow_refresh(cf, f, ktime_get_ns());
			cf_flow_drop(cf, f);
		}
		cf_update(cf);
	}
	spin_unlock_irqrestore(&cf->lock, flags);
	if (f && what != VX_DISK_CALM)
		blk_mq_run_hw_queues(cf->q, true);
	return NOTIFY_OK;
}

static enum hrtimer_restart cf_timer(struct hrtimer *timer)
{
	struct cf_data *cf = container_of(timer, struct cf_data, timer);

	unsigned long flags;

	spin_lock_irqsave(&cf->lock, flags);
	cf_update(cf);
	spin_unlock_irqrestore(&cf->lock, flags);
	blk_mq_run_hw_queues(cf->q, true);
	return HRTIMER_NORESTART;
}

/* ---- Requests waiting ---- */

/*
 * Metadata and swapped pages: whoever wants them may hold a lock, or an open
 * transaction of a file system that contexts share, and the others would wait for
 * his turn. They go at once, and their cost is owed; who owes too much for them
 * waits like everybody. Journals are written by threads of the kernel, for all:
 * those always go. So does what a journal waits for, within the same bound: it waits
 * for a range of a file, and a writer may well go on in that for as long as it waits.
 */
static bool cf_urgent(struct cf_data *cf, struct cf_flow *f, struct request *rq)
{
	if (!(f->hurry && rq_data_dir(rq) == WRITE) &&
	    !((rq->cmd_flags & (REQ_META | REQ_SWAP)) && op_is_sync(rq->cmd_flags)))
		return false;
	return f == &cf->other || ctxfq_may_hurry(&cf->fq, &f->fq);
}

static void cf_insert(struct cf_data *cf, struct request *rq, blk_insert_t flags,
		      struct list_head *free, u64 now)
{
	struct request_queue *q = cf->q;
	int dir = rq_data_dir(rq);
	struct cf_flow *f;

	if (blk_mq_sched_try_insert_merge(q, rq, free))
		return;

	/* One that comes back has its flow. */
	f = cf_rq_flow(rq);
	if (!f) {
		f = cf_flow_get(cf, rq->bio, now);
		cf_bind(rq, f);
	}
	rq->elv.priv[1] = NULL;
	trace_block_rq_insert(rq);
	ctxfq_enqueue(&cf->fq, &f->fq, now);

	if ((flags & BLK_MQ_INSERT_AT_HEAD) && !(rq->rq_flags & RQF_FLUSH_SEQ)) {
		list_add(&rq->queuelist, &cf->first);
	} else if (flags & BLK_MQ_INSERT_AT_HEAD) {
		/*
		 * The data of a flush: next in its flow, but not before others,
		 * or whoever writes with O_DSYNC would have the disk to itself.
		 */
		rq->fifo_time = jiffies - 1;
		list_add(&rq->queuelist, &f->fifo[dir]);
	} else if (cf_urgent(cf, f, rq)) {
		list_add_tail(&rq->queuelist, &cf->urgent);
	} else {
		elv_rb_add(&f->sort[dir], rq);
		if (rq_mergeable(rq)) {
			elv_rqhash_add(q, rq);
			if (!q->last_merge)
				q->last_merge = rq;
		}
		rq->fifo_time = jiffies + (dir == READ ? CF_READ_EXPIRE : CF_WRITE_EXPIRE);
		list_add_tail(&rq->queuelist, &f->fifo[dir]);
	}
}

static void cf_insert_requests(struct blk_mq_hw_ctx *hctx, struct list_head *list,
			       blk_insert_t flags)
{
	struct cf_data *cf = hctx->queue->elevator->elevator_data;
	u64 now = ktime_get_ns();
	LIST_HEAD(free);

	spin_lock_irq(&cf->lock);
	while (!list_empty(list)) {
		struct request *rq = list_first_entry(list, struct request, queuelist);

		list_del_init(&rq->queuelist);
		cf_insert(cf, rq, flags, &free, now);
	}
	cf_update(cf);
	spin_unlock_irq(&cf->lock);
	blk_mq_free_requests(&free);
}

/*
 * A bio that is going to be a request of a flow that has enough writes here waits
 * until it has not. Not while its submitter is in a transaction: that would not end,
 * and the journal would wait for it. Before a tag is taken, and may sleep.
 */
static void cf_gate(struct cf_data *cf, struct bio *bio)
{
	long left = CF_GATE_MOST;
	struct cf_flow *f;
	DEFINE_WAIT(wait);

	if (current->journal_info || current->flags & PF_MEMALLOC ||
	    bio->bi_opf & (REQ_META | REQ_PRIO | REQ_SWAP | REQ_NOWAIT))
		return;
	spin_lock_irq(&cf->lock);
	f = cf_flow_find(cf, vx_bio_xid(bio));
	if (!f || !cf_full(cf, f)) {
		spin_unlock_irq(&cf->lock);
		return;
	}
	f->waiting++;
	do {
		prepare_to_wait_exclusive(&f->gate, &wait, TASK_UNINTERRUPTIBLE);
		spin_unlock_irq(&cf->lock);
		/* What it has in its plug gets here by that. */
		left = io_schedule_timeout(left);
		spin_lock_irq(&cf->lock);
	} while (cf_full(cf, f) && left);
	finish_wait(&f->gate, &wait);
	f->waiting--;
	if (f->waiting && !cf_full(cf, f))
		wake_up(&f->gate);
	cf_flow_drop(cf, f);
	spin_unlock_irq(&cf->lock);
}

static bool cf_bio_merge(struct request_queue *q, struct bio *bio,
			 unsigned int nr_segs)
{
	struct cf_data *cf = q->elevator->elevator_data;
	struct request *free = NULL;
	bool ret;

	spin_lock_irq(&cf->lock);
	ret = blk_mq_sched_try_merge(q, bio, nr_segs, &free);
	spin_unlock_irq(&cf->lock);
	if (free)
		blk_mq_free_request(free);
	return ret;
}

static int cf_request_merge(struct request_queue *q, struct request **req,
			    struct bio *bio)
{
	struct cf_data *cf = q->elevator->elevator_data;
	struct cf_flow *f = cf_flow_find(cf, vx_bio_xid(bio));
	struct request *rq;

	if (!f)
		return ELEVATOR_NO_MERGE;
	rq = elv_rb_find(&f->sort[bio_data_dir(bio)], bio_end_sector(bio));
	if (!rq || !elv_bio_merge_ok(rq, bio))
		return ELEVATOR_NO_MERGE;
	*req = rq;
	return blk_discard_mergable(rq) ? ELEVATOR_DISCARD_MERGE :
					  ELEVATOR_FRONT_MERGE;
}

static void cf_request_merged(struct request_queue *q, struct request *rq,
			      enum elv_merge type)
{
	struct rb_root *root = &cf_rq_flow(rq)->sort[rq_data_dir(rq)];

	if (type == ELEVATOR_FRONT_MERGE) {
		elv_rb_del(root, rq);
		elv_rb_add(root, rq);
	}
}

static void cf_requests_merged(struct request_queue *q, struct request *rq,
			       struct request *next)
{
	struct cf_data *cf = q->elevator->elevator_data;
	struct cf_flow *f = cf_rq_flow(next);
	/* One that is just coming is in no queue; if for the first time, no flow's. */
	bool queued = !list_empty(&next->queuelist);

	lockdep_assert_held(&cf->lock);
	/* The one that stays inherits the age of the one that goes. */
	if (!list_empty(&rq->queuelist) && queued &&
	    time_before((unsigned long)next->fifo_time,
			(unsigned long)rq->fifo_time)) {
		list_move(&rq->queuelist, &next->queuelist);
		rq->fifo_time = next->fifo_time;
	}
	cf_take_out(q, f, next);
	if (queued)
		ctxfq_remove(&cf->fq, &f->fq, ktime_get_ns());
	if (f)
		cf_unbind(cf, next);
	cf_update(cf);
}

/* ---- Requests sent ---- */

static struct request *cf_from_pos(struct cf_flow *f, int dir)
{
	struct rb_node *n = f->sort[dir].rb_node;
	struct request *found = NULL;

	while (n) {
		struct request *rq = rb_entry_rq(n);

		if (blk_rq_pos(rq) >= f->pos[dir]) {
			found = rq;
			n = n->rb_left;
		} else {
			n = n->rb_right;
		}
	}
	return found;
}

/* The oldest one if it has waited for too long. */
static struct request *cf_expired(struct cf_flow *f, int dir)
{
	struct request *rq;

	if (list_empty(&f->fifo[dir]))
		return NULL;
	rq = list_first_entry(&f->fifo[dir], struct request, queuelist);
	return time_after(jiffies, (unsigned long)rq->fifo_time) ? rq : NULL;
}

/* Which of a flow's requests; NULL if all it has are in cf->first and cf->urgent. */
static struct request *cf_pick(struct cf_flow *f)
{
	bool reads = !list_empty(&f->fifo[READ]);
	bool writes = !list_empty(&f->fifo[WRITE]);
	struct request *rq;

	if (!reads && !writes)
		return NULL;

	if (f->batch < CF_BATCH && !cf_expired(f, f->dir)) {
		rq = cf_from_pos(f, f->dir);
		if (rq) {
			f->batch++;
			return rq;
		}
	}

	f->batch = 1;
	if (reads && writes)
		f->dir = f->starved++ < CF_STARVED ? READ : WRITE;
	else
		f->dir = reads ? READ : WRITE;
	if (f->dir == WRITE)
		f->starved = 0;

	rq = cf_expired(f, f->dir) ?: cf_from_pos(f, f->dir);
	return rq ?: list_first_entry(&f->fifo[f->dir], struct request, queuelist);
}

static void cf_send(struct cf_data *cf, struct cf_flow *f, struct request *rq,
		    bool urgent, u64 now)
{
	enum ctxfq_op op = req_op(rq) == REQ_OP_READ ? CTXFQ_READ :
			   op_is_discard(req_op(rq)) ? CTXFQ_DISCARD : CTXFQ_WRITE;
	int dir = rq_data_dir(rq);
	u32 bytes = blk_rq_bytes(rq);
	bool seq = blk_rq_pos(rq) == f->pos[dir];
	u64 est = ctxfq_estimate(&cf->model, op, seq, bytes);
	struct ctxfq_cost cost = { .of = { est, bytes, 1 } };
	u64 sent;

	cf_take_out(cf->q, f, rq);
	f->pos[dir] = blk_rq_pos(rq) + blk_rq_sectors(rq);
	f->ios[dir]++;
	f->bytes[dir] += bytes;
	/* Its deadline is no longer needed. */
	if (urgent) {
		f->urgent++;
		rq->fifo_time = ctxfq_hurry(&cf->fq, &f->fq, &cost, now);
	} else {
		rq->fifo_time = ctxfq_dispatch(&cf->fq, &f->fq, &cost, now);
	}
	sent = min(est, GENMASK_ULL(CF_EST_BITS - 1, 0)) |
	       (u64)ctxfq_size_class(bytes) << CF_SIZE_SHIFT |
	       (u64)seq << CF_SEQ_SHIFT | (u64)op << CF_OP_SHIFT;
	rq->elv.priv[1] = (void *)(unsigned long)sent;
	rq->rq_flags |= RQF_STARTED;
	if (cf_behind(rq->cmd_flags))
		cf_less_behind(cf, f);
}

static struct request *cf_dispatch_request(struct blk_mq_hw_ctx *hctx)
{
	struct cf_data *cf = hctx->queue->elevator->elevator_data;
	u64 now = ktime_get_ns();
	struct ctxfq_flow *fq;
	struct request *rq = NULL;
	bool urgent = false;
	struct cf_flow *f;

	spin_lock_irq(&cf->lock);
	cf->fq.hasty = cf_emptied(cf);
	if (!list_empty(&cf->first)) {
		rq = list_first_entry(&cf->first, struct request, queuelist);
		f = cf_rq_flow(rq);
	} else if (!list_empty(&cf->urgent)) {
		rq = list_first_entry(&cf->urgent, struct request, queuelist);
		f = cf_rq_flow(rq);
		urgent = true;
	} else {
		fq = ctxfq_next(&cf->fq, now);
		if (fq) {
			f = container_of(fq, struct cf_flow, fq);
			rq = cf_pick(f);
			WARN_ON_ONCE(!rq);
		}
	}
	if (rq)
		cf_send(cf, f, rq, urgent, now);
	cf_update(cf);
	spin_unlock_irq(&cf->lock);
	return rq;
}

static bool cf_has_work(struct blk_mq_hw_ctx *hctx)
{
	struct cf_data *cf = hctx->queue->elevator->elevator_data;

	/* Nobody tells when emptying begins, but this is asked then. */
	return READ_ONCE(cf->work) || (cf_emptied(cf) && READ_ONCE(cf->fq.queued));
}

static void cf_completed_request(struct request *rq, u64 unused)
{
	struct cf_data *cf = rq->q->elevator->elevator_data;
	struct cf_flow *f = cf_rq_flow(rq);
	u64 sent = cf_rq_sent(rq), actual;
	unsigned long flags;
	bool more;

	if (!f || !sent)
		return;

	spin_lock_irqsave(&cf->lock, flags);
	f->fq.sync = op_is_sync(rq->cmd_flags);
	actual = ctxfq_complete(&cf->fq, &f->fq, cf_estimated(sent), rq->fifo_time,
				ktime_get_ns());
	f->time += actual;
	if (cf_behind(rq->cmd_flags)) {
		f->write_time += actual / 8 - f->write_time / 8;
		f->room = max(div64_u64(cf->behind_us * NSEC_PER_USEC, f->write_time + 1),
			      CF_BEHIND_LEAST);
	}
	cf_unbind(cf, rq);
	rq->elv.priv[1] = NULL;
	ctxfq_learn(&cf->model, sent >> CF_OP_SHIFT, sent >> CF_SEQ_SHIFT & 1,
		    4096ULL << (sent >> CF_SIZE_SHIFT & 7), actual);
	cf_update(cf);
	more = READ_ONCE(cf->work) && ctxfq_has_room(&cf->fq);
	spin_unlock_irqrestore(&cf->lock, flags);

	/*
	 * Not left to the block layer's restart marks: they are for the hardware
	 * queue that was run, and this may be another one's completion. Not before there
	 * is room for a few: each time wakes a thread.
	 */
	if (more)
		blk_mq_run_hw_queues(rq->q, true);
}

/* Sent, but not served; it will be inserted again. */
static void cf_unsend(struct request *rq)
{
	struct cf_data *cf = rq->q->elevator->elevator_data;
	struct cf_flow *f = cf_rq_flow(rq);
	u64 sent = cf_rq_sent(rq);
	unsigned long flags;

	if (!f || !sent)
		return;
	spin_lock_irqsave(&cf->lock, flags);
	ctxfq_undo(&cf->fq, &f->fq, cf_estimated(sent), ktime_get_ns());
	rq->elv.priv[1] = NULL;
	if (cf_behind(rq->cmd_flags))
		f->behind++;
	cf_update(cf);
	spin_unlock_irqrestore(&cf->lock, flags);
}

/* It is freed, and was not completed: merged, or failed before it was sent. */
static void cf_finish_request(struct request *rq)
{
	struct cf_data *cf = rq->q->elevator->elevator_data;
	unsigned long flags;

	if (!cf_rq_flow(rq))
		return;
	cf_unsend(rq);
	spin_lock_irqsave(&cf->lock, flags);
	cf_unbind(cf, rq);
	spin_unlock_irqrestore(&cf->lock, flags);
}

static void cf_prepare_request(struct request *rq)
{
	rq->elv.priv[0] = NULL;
	rq->elv.priv[1] = NULL;
}

/* ---- Tags ---- */

/*
 * Writes that nobody waits for leave a quarter of the tags to the others. Here each of
 * them is seen, also the parts of a bio that was split, for which bio_merge is not
 * called.
 */
static void cf_limit_depth(blk_opf_t opf, struct blk_mq_alloc_data *data)
{
	if (op_is_sync(opf))
		return;
	data->shallow_depth = max(1UL, 3 * data->q->nr_requests / 4);
	if (cf_behind(opf) && data->bio)
		cf_gate(data->q->elevator->elevator_data, data->bio);
}

static void cf_depth_updated(struct blk_mq_hw_ctx *hctx)
{
	sbitmap_queue_min_shallow_depth(&hctx->sched_tags->bitmap_tags, 1);
}

static int cf_init_hctx(struct blk_mq_hw_ctx *hctx, unsigned int hctx_idx)
{
	cf_depth_updated(hctx);
	return 0;
}

/* ---- Life ---- */

static int cf_init_sched(struct request_queue *q, struct elevator_type *e)
{
	struct elevator_queue *eq = elevator_alloc(q, e);
	struct cf_data *cf;

	if (!eq)
		return -ENOMEM;
	cf = kzalloc_node(sizeof(*cf), GFP_KERNEL, q->node);
	if (!cf) {
		kobject_put(&eq->kobj);
		return -ENOMEM;
	}
	spin_lock_init(&cf->lock);
	cf->q = q;
	ctxfq_init(&cf->fq, 0, ktime_get_ns());
	INIT_LIST_HEAD(&cf->first);
	INIT_LIST_HEAD(&cf->urgent);
	hrtimer_init(&cf->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	cf->timer.function = cf_timer;
	hash_init(cf->flows);
	cf_flow_init(cf, &cf->other, 0);
	eq->elevator_data = cf;

	cf->behind_us = CF_BEHIND_US;
	cf->nb.notifier_call = cf_told;
	vx_disk_register(&cf->nb);

	blk_queue_flag_set(QUEUE_FLAG_SQ_SCHED, q);
	/* It would hold back all writers together, whoever caused it. */
	set_bit(ELEVATOR_FLAG_DISABLE_WBT, &eq->flags);
	wbt_disable_default(q->disk);
	q->elevator = eq;
	return 0;
}

static void cf_exit_sched(struct elevator_queue *e)
{
	struct cf_data *cf = e->elevator_data;
	struct hlist_node *next;
	struct cf_flow *f;
	int bucket;

	vx_disk_unregister(&cf->nb);
	hrtimer_cancel(&cf->timer);
	WARN_ON_ONCE(!list_empty(&cf->first) || !list_empty(&cf->urgent));
	hash_for_each_safe(cf->flows, bucket, next, f, node) {
		WARN_ON_ONCE(!ctxfq_flow_exit(&cf->fq, &f->fq));
		hash_del(&f->node);
		if (f != &cf->other)
			kfree(f);
	}
	clear_bit(ELEVATOR_FLAG_DISABLE_WBT, &e->flags);
	wbt_enable_default(cf->q->disk);
	kfree(cf);
}

/* ---- sysfs ---- */

/*
 * Requests at the device while contexts compete: a number, or "auto", which is
 * read as "auto N" with what is found useful now.
 */
static ssize_t cf_depth_show(struct elevator_queue *e, char *page)
{
	struct cf_data *cf = e->elevator_data;

	return sysfs_emit(page, "%s%u\n", READ_ONCE(cf->fq.tune.on) ? "auto " : "",
			  READ_ONCE(cf->fq.depth));
}

static ssize_t cf_depth_store(struct elevator_queue *e, const char *page,
			      size_t count)
{
	struct cf_data *cf = e->elevator_data;
	unsigned int depth = 0;
	int err = 0;

	if (!sysfs_streq(page, "auto"))
		err = kstrtouint(page, 0, &depth) ?:
		      !depth || depth > 65536 ? -EINVAL : 0;
	if (err)
		return err;
	spin_lock_irq(&cf->lock);
	ctxfq_set_depth(&cf->fq, depth, ktime_get_ns());
	cf_update(cf);
	spin_unlock_irq(&cf->lock);
	blk_mq_run_hw_queues(cf->q, true);
	return count;
}

/* 0: no flow is waited for in its pauses. */
static ssize_t cf_anticipation_show(struct elevator_queue *e, char *page)
{
	struct cf_data *cf = e->elevator_data;

	return sysfs_emit(page, "%d\n", !READ_ONCE(cf->fq.impatient));
}

static ssize_t cf_anticipation_store(struct elevator_queue *e, const char *page,
				     size_t count)
{
	struct cf_data *cf = e->elevator_data;
	bool on;
	int err = kstrtobool(page, &on);

	if (err)
		return err;
	spin_lock_irq(&cf->lock);
	cf->fq.impatient = !on;
	cf_update(cf);
	spin_unlock_irq(&cf->lock);
	blk_mq_run_hw_queues(cf->q, true);
	return count;
}

/* CF_BEHIND_US for this disk; 0: as many as there are tags. */
static ssize_t cf_behind_us_show(struct elevator_queue *e, char *page)
{
	struct cf_data *cf = e->elevator_data;

	return sysfs_emit(page, "%u\n", READ_ONCE(cf->behind_us));
}

static ssize_t cf_behind_us_store(struct elevator_queue *e, const char *page,
				  size_t count)
{
	struct cf_data *cf = e->elevator_data;
	unsigned int us;
	int err = kstrtouint(page, 0, &us) ?: us > USEC_PER_SEC ? -EINVAL : 0;

	if (err)
		return err;
	/* Whoever waits looks again in a second. */
	spin_lock_irq(&cf->lock);
	cf->behind_us = us;
	spin_unlock_irq(&cf->lock);
	return count;
}

static void cf_show_rate(char *page, int *len, const struct vx_disk_rate *r)
{
	if (!r->value)
		*len += sysfs_emit_at(page, *len, " none");
	else if (r->unit == VX_DISK_IN_TIME)
		*len += sysfs_emit_at(page, *len, " %llu.%llu%%", r->value / 10,
				      r->value % 10);
	else
		*len += sysfs_emit_at(page, *len, " %llu%s", r->value,
				      r->unit == VX_DISK_IN_IOS ? "io" : "");
}

/*
 * A line for each flow: "xid weight reserve limit", and what was sent for it so
 * far: requests and bytes read, requests and bytes written, device time in us;
 * then requests waiting and under way, and how many went out of turn. As many as
 * fit.
 */
static ssize_t cf_contexts_show(struct elevator_queue *e, char *page)
{
	struct cf_data *cf = e->elevator_data;
	struct cf_flow *f;
	int bucket, len = 0;

	spin_lock_irq(&cf->lock);
	hash_for_each(cf->flows, bucket, f, node) {
		len += sysfs_emit_at(page, len, "%u %u", f->xid, f->share.weight);
		cf_show_rate(page, &len, &f->share.reserve);
		cf_show_rate(page, &len, &f->share.max);
		len += sysfs_emit_at(page, len, " %llu %llu %llu %llu %llu %u %u %llu\n",
				     f->ios[READ], f->bytes[READ],
				     f->ios[WRITE], f->bytes[WRITE],
				     div_u64(f->time, NSEC_PER_USEC),
				     f->fq.queued, f->fq.inflight, f->urgent);
	}
	spin_unlock_irq(&cf->lock);
	return len;
}

#define CF_ATTR(name) __ATTR(name, 0644, cf_##name##_show, cf_##name##_store)

static struct elv_fs_entry cf_attrs[] = {
	CF_ATTR(anticipation),
	CF_ATTR(behind_us),
	CF_ATTR(depth),
	__ATTR(contexts, 0444, cf_contexts_show, NULL),
	__ATTR_NULL
};

static struct elevator_type cf_type = {
	.ops = {
		.init_sched		= cf_init_sched,
		.exit_sched		= cf_exit_sched,
		.init_hctx		= cf_init_hctx,
		.depth_updated		= cf_depth_updated,
		.limit_depth		= cf_limit_depth,
		.prepare_request	= cf_prepare_request,
		.bio_merge		= cf_bio_merge,
		.request_merge		= cf_request_merge,
		.request_merged		= cf_request_merged,
		.requests_merged	= cf_requests_merged,
		.former_request		= elv_rb_former_request,
		.next_request		= elv_rb_latter_request,
		.insert_requests	= cf_insert_requests,
		.dispatch_request	= cf_dispatch_request,
		.has_work		= cf_has_work,
		.completed_request	= cf_completed_request,
		.requeue_request	= cf_unsend,
		.finish_request		= cf_finish_request,
	},
	.elevator_attrs = cf_attrs,
	.elevator_name = "context-fair",
	.elevator_alias = "ctxfair",
	.elevator_owner = THIS_MODULE,
};
MODULE_ALIAS("context-fair-iosched");

static int __init cf_init(void)
{
	BUILD_BUG_ON(CTXFQ_SIZES > 8);
	return elv_register(&cf_type);
}

static void __exit cf_exit(void)
{
	elv_unregister(&cf_type);
}

module_init(cf_init);
module_exit(cf_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Fair sharing of disks among contexts");
