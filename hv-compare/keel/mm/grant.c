// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:56  Grant tables, version 1. An entry lies in memory that its domain writes;
 * what is granted is read from it once, when the first user pins it, and kept in
 * `active`. A mapping consists of two independent things: a pin of the grant,
 * held by a handle until the unmap call, and an ordinary page table entry with
 * references of its own. So a guest that overwrites the entry, or forgets to, can
 * only keep frames alive, never use one after it was freed.
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/grant.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <xen/grant_table.h>

#define MAX_FRAMES 32
#define PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define MAPS_PER_BLOCK 128
/*
 * Mappings by one domain: 262,144 by the one that serves disks and networks, whose
 * back end keeps up to 1056 for each disk; 8192 by any other.
 */
#define MAX_BLOCKS 2048
#define MAX_BLOCKS_GUEST 64

struct active {
	u16 readers, writers;
	domid_t domid;
	u32 frame;
};

struct mapping {
	struct domain *granter;	/* a reference; NULL: free */
	u64 host_addr;
	u32 ref;		/* free: the next free one's handle + 1 */
	u32 frame;
	u32 flags;
};

struct gnttab {
	struct spinlock lock;	/* shared, active, maps */
	unsigned int nr_frames;
	struct grant_entry_v1 *shared[MAX_FRAMES];
	struct active *active[MAX_FRAMES];
	struct mapping **maps;	/* as many pointers as it may have blocks */
	u32 nr_maps;
	u32 used;		/* handles below it were used once */
	u32 free_handle;	/* + 1; 0: none */
};
_Static_assert(MAPS_PER_BLOCK * sizeof(struct mapping) <= PAGE_SIZE, "a block");

static unsigned int max_blocks(const struct domain *d)
{
	return d->privileged ? MAX_BLOCKS : MAX_BLOCKS_GUEST;
}

int gnttab_create(struct domain *d)
{
	struct gnttab *g = kalloc(sizeof(*g), USE_GRANTS, d->id);

	if (!g)
		return -ENOMEM;
	g->maps = kalloc(max_blocks(d) * sizeof(*g->maps), USE_MAPPINGS, d->id);
	if (!g->maps) {
		kfree(g, sizeof(*g));
		return -ENOMEM;
	}
	d->gnttab = g;
	return 0;
}

/* lock held: at least n frames. */
static int grow(struct domain *d, unsigned int n)
{
	struct gnttab *g = d->gnttab;

	if (d->dying || n > MAX_FRAMES)
		return -EINVAL;
	for (; g->nr_frames < n; g->nr_frames++) {
		struct active *a = kalloc(PER_FRAME * sizeof(*a), USE_GRANTS, d->id);
		void *page = page_alloc(USE_GRANTS, d->id);

		if (!a || !page) {
			kfree(a, PER_FRAME * sizeof(*a));
			page_free(page);
			return -ENOMEM;
		}
		share_page_with(virt_to_page(page), d);
		g->active[g->nr_frames] = a;
		g->shared[g->nr_frames] = page;
	}
	return 0;
}

/* ---- pins ---- */

static void set_entry_flags(struct grant_entry_v1 *e, u16 set, u16 clear)
{
	__atomic_or_fetch(&e->flags, set, __ATOMIC_SEQ_CST);
	if (clear)
		__atomic_and_fetch(&e->flags, ~clear, __ATOMIC_SEQ_CST);
}

/*
 * Lets domain `by` use grant `ref` of d: GNTST_*, and *pg with a reference (and a
 * writable one unless readonly).
 */
static int pin(struct domain *d, u32 ref, domid_t by, bool readonly, struct page **pg)
{
	struct gnttab *g = d->gnttab;
	struct grant_entry_v1 *e;
	struct active *a;
	int rc = GNTST_okay;
	u32 word;
	u64 frame;

	spin_lock(&g->lock);
	if (ref >= g->nr_frames * PER_FRAME || !g->shared[ref / PER_FRAME]) {
		spin_unlock(&g->lock);
		return GNTST_bad_gntref;
	}
	e = &g->shared[ref / PER_FRAME][ref % PER_FRAME];
	a = &g->active[ref / PER_FRAME][ref % PER_FRAME];
	/* Flags and domain in one read: they must belong together. */
	word = READ_ONCE(*(u32 *)e);
	frame = READ_ONCE(e->frame);
	if (a->readers + a->writers) {
		frame = a->frame;
		if (a->domid != by)
			rc = GNTST_permission_denied;
	} else if ((word & GTF_type_mask) != GTF_permit_access || word >> 16 != by) {
		rc = GNTST_general_error;
	}
	if (!rc && !readonly && word & GTF_readonly)
		rc = GNTST_permission_denied;
	if (!rc && (a->readers == 0xffff || a->writers == 0xffff))
		rc = GNTST_no_space;
	if (!rc && (!mfn_is_ram(frame) || !get_page(mfn_to_page(frame), d)))
		rc = GNTST_bad_page;
	if (!rc && !readonly && get_page_type(mfn_to_page(frame), PT_WRITABLE)) {
		put_page(mfn_to_page(frame));
		rc = GNTST_bad_page;
	}
	if (!rc) {
		a->frame = frame;
		a->domid = by;
		if (readonly)
			a->readers++;
		else
			a->writers++;
		set_entry_flags(e, GTF_reading | (readonly ? 0 : GTF_writing), 0);
		*pg = mfn_to_page(frame);
	}
	spin_unlock(&g->lock);
	return rc;
}

static void unpin(struct domain *d, u32 ref, bool readonly)
{
	struct gnttab *g = d->gnttab;
	struct active *a;
	struct grant_entry_v1 *e = NULL;
	struct page *pg;

	spin_lock(&g->lock);
	a = &g->active[ref / PER_FRAME][ref % PER_FRAME];
	if (g->shared[ref / PER_FRAME])
		e = &g->shared[ref / PER_FRAME][ref % PER_FRAME];
	pg = mfn_to_page(a->frame);
	if (readonly)
		a->readers--;
	else
		a->writers--;
	if (e && !a->writers)
		set_entry_flags(e, 0, GTF_writing);
	if (e && !a->writers && !a->readers)
		set_entry_flags(e, 0, GTF_reading);
	spin_unlock(&g->lock);
	if (!readonly)
		put_page_type(pg);
	put_page(pg);
}

/* ---- mappings ---- */

static struct mapping *mapping_of(struct gnttab *g, u32 handle)
{
	return handle < g->used ? &g->maps[handle / MAPS_PER_BLOCK][handle % MAPS_PER_BLOCK] : NULL;
}

/* lock held: a free handle, or -1. */
static int new_handle(const struct domain *d)
{
	struct gnttab *g = d->gnttab;
	struct mapping **b;
	u32 h = g->free_handle;

	if (h) {
		g->free_handle = mapping_of(g, h - 1)->ref;
		return h - 1;
	}
	if (g->used == max_blocks(d) * MAPS_PER_BLOCK)
		return -1;
	b = &g->maps[g->used / MAPS_PER_BLOCK];
	if (!*b) {
		*b = kalloc(MAPS_PER_BLOCK * sizeof(**b), USE_MAPPINGS, d->id);
		if (!*b)
			return -1;
	}
	return g->used++;
}

/* lock held; nobody uses it any more. */
static void free_mapping(struct gnttab *g, u32 handle)
{
	struct mapping *m = mapping_of(g, handle);

	m->granter = NULL;
	m->ref = g->free_handle;
	g->free_handle = handle + 1;
	g->nr_maps--;
}

/*
 * Puts `pte` where host_addr says, of frames of `data`; with old given, only if
 * the entry still maps that frame.
 */
static int set_host_pte(u64 host_addr, u32 flags, u64 pte, struct domain *data, const u32 *old)
{
	struct vcpu *v = current_vcpu();
	struct domain *d = v->domain;
	unsigned int index;
	struct page *table = NULL;
	bool got = false;
	u64 e;
	int rc = GNTST_bad_virt_addr;

	if (flags & GNTMAP_contains_pte) {
		u64 mfn = host_addr >> PAGE_SHIFT;

		if (host_addr & 7 || !mfn_is_ram(mfn) || !get_page(mfn_to_page(mfn), d))
			return rc;
		table = mfn_to_page(mfn);
		index = (host_addr & ~PAGE_MASK) >> 3;
		got = true;
	}
	spin_lock(&d->pt_lock);
	if (!got)
		table = find_l1(v, host_addr, &index);
	if (table && (table->type & (PT_TYPE | PT_VALIDATED)) == (PT_L1 | PT_VALIDATED) &&
	    (table->type & PT_COUNT)) {
		e = READ_ONCE(((u64 *)page_to_virt(table))[index]);
		if (old && (!(e & PTE_P) || PTE_MFN(e) != *old))
			rc = GNTST_okay;	/* already gone */
		else if (!modify_entry(d, table, index, pte, data, false))
			rc = GNTST_okay;
	}
	spin_unlock(&d->pt_lock);
	if (got)
		put_page(table);
	return rc;
}

static void map_one(struct gnttab_map_grant_ref *m)
{
	struct domain *cur = current_vcpu()->domain, *d;
	struct gnttab *g = cur->gnttab;
	bool readonly = m->flags & GNTMAP_readonly;
	struct mapping *map;
	struct page *pg;
	int h;

	if (!(m->flags & (GNTMAP_host_map | GNTMAP_device_map))) {
		m->status = GNTST_bad_gntref;
		return;
	}
	d = domain_get(m->dom);
	if (!d) {
		m->status = GNTST_bad_domain;
		return;
	}
	m->status = pin(d, m->ref, cur->id, readonly, &pg);
	if (m->status)
		goto out;
	if (m->flags & GNTMAP_host_map) {
		u64 pte = page_to_mfn(pg) << PAGE_SHIFT | PTE_P | PTE_US | PTE_A | PTE_D | PTE_NX |
			  (readonly ? 0 : PTE_RW) | (u64)(m->flags >> 16 & 7) << 9;

		m->status = set_host_pte(m->host_addr, m->flags, pte, d, NULL);
		if (m->status)
			goto out_unpin;
	}
	spin_lock(&g->lock);
	h = new_handle(cur);
	if (h >= 0) {
		map = mapping_of(g, h);
		*map = (struct mapping){ d, m->host_addr, m->ref, page_to_mfn(pg), m->flags };
		g->nr_maps++;
	}
	spin_unlock(&g->lock);
	if (h < 0) {
		u32 frame = page_to_mfn(pg);

		if (m->flags & GNTMAP_host_map) {
			set_host_pte(m->host_addr, m->flags, 0, cur, &frame);
			tlb_flush_mask(cur->dirty_cpus);
		}
		m->status = GNTST_no_space;
		goto out_unpin;
	}
	m->handle = h;
	m->dev_bus_addr = page_to_mfn(pg) << PAGE_SHIFT;
	return;		/* the mapping keeps the domain */
out_unpin:
	unpin(d, m->ref, readonly);
out:
	domain_put(d);
}

/*
 * Mappings whose handles and entries are gone, but whose grants are still in use:
 * another processor of this domain may reach the frames until TLBs are flushed, and
 * their owner must not hear before that they are its own again.
 */
#define UNMAP_BATCH 32
struct unmapped {
	unsigned int n;
	struct mapping map[UNMAP_BATCH];
};

static void unmap_end(struct unmapped *done)
{
	if (!done->n)
		return;
	tlb_flush_mask(current_vcpu()->domain->dirty_cpus);
	for (unsigned int i = 0; i < done->n; i++) {
		const struct mapping *m = &done->map[i];

		unpin(m->granter, m->ref, m->flags & GNTMAP_readonly);
		domain_put(m->granter);
	}
	done->n = 0;
}

/* The rest is for unmap_end(), when the batch is full or the call ends. */
static void unmap_one(struct gnttab_unmap_grant_ref *u, struct unmapped *done)
{
	struct domain *cur = current_vcpu()->domain;
	struct gnttab *g = cur->gnttab;
	struct mapping map = { 0 }, *p;

	spin_lock(&g->lock);
	p = mapping_of(g, u->handle);
	if (p && p->granter && (!u->host_addr || u->host_addr == p->host_addr)) {
		map = *p;
		free_mapping(g, u->handle);
	}
	spin_unlock(&g->lock);
	if (!map.granter) {
		u->status = GNTST_bad_handle;
		return;
	}
	if (map.flags & GNTMAP_host_map)
		set_host_pte(map.host_addr, map.flags, 0, cur, &map.frame);
	done->map[done->n++] = map;
	if (done->n == UNMAP_BATCH)
		unmap_end(done);
	u->status = GNTST_okay;
}

bool gnttab_release(struct domain *d, unsigned int batch)
{
	struct gnttab *g = d->gnttab;

	for (u32 i = 0; i < g->used && g->nr_maps; i++) {
		struct mapping *m = mapping_of(g, i);

		if (!m->granter)
			continue;
		if (!batch--)
			return false;
		unpin(m->granter, m->ref, m->flags & GNTMAP_readonly);
		domain_put(m->granter);
		free_mapping(g, i);
	}
	return true;
}

void gnttab_destroy(struct domain *d)
{
	struct gnttab *g = d->gnttab;

	spin_lock(&g->lock);
	for (unsigned int i = 0; i < g->nr_frames; i++) {
		unshare_page(virt_to_page(g->shared[i]));
		g->shared[i] = NULL;
	}
	spin_unlock(&g->lock);
}

void gnttab_free(struct domain *d)
{
	struct gnttab *g = d->gnttab;

	for (unsigned int i = 0; i < MAX_FRAMES; i++)
		kfree(g->active[i], PER_FRAME * sizeof(struct active));
	for (unsigned int i = 0; i < max_blocks(d); i++)
		kfree(g->maps[i], MAPS_PER_BLOCK * sizeof(struct mapping));
	kfree(g->maps, max_blocks(d) * sizeof(*g->maps));
	kfree(g, sizeof(*g));
}

/* ---- copy ---- */

/* One end of a copy: its frame, pinned if it is a grant. */
static int copy_end(const struct gnttab_copy *c, bool dest, struct domain **d, struct page **pg)
{
	const struct gnttab_copy_ptr *p = dest ? &c->dest : &c->source;
	bool gref = c->flags & (dest ? GNTCOPY_dest_gref : GNTCOPY_source_gref);
	struct domain *cur = current_vcpu()->domain;
	int rc;

	*d = domain_get(p->domid);
	if (!*d)
		return GNTST_bad_domain;
	if (gref) {
		rc = pin(*d, p->u.ref, cur->id, !dest, pg);
	} else if (*d != cur) {
		rc = GNTST_permission_denied;
	} else if (!mfn_is_ram(p->u.gmfn) || !get_page(mfn_to_page(p->u.gmfn), cur)) {
		rc = GNTST_bad_page;
	} else {
		*pg = mfn_to_page(p->u.gmfn);
		rc = dest && get_page_type(*pg, PT_WRITABLE) ? GNTST_bad_page : GNTST_okay;
		if (rc)
			put_page(*pg);
	}
	if (rc)
		domain_put(*d);
	return rc;
}

static void copy_end_put(const struct gnttab_copy *c, bool dest, struct domain *d, struct page *pg)
{
	const struct gnttab_copy_ptr *p = dest ? &c->dest : &c->source;

	if (c->flags & (dest ? GNTCOPY_dest_gref : GNTCOPY_source_gref)) {
		unpin(d, p->u.ref, !dest);
	} else {
		if (dest)
			put_page_type(pg);
		put_page(pg);
	}
	domain_put(d);
}

static int copy_one(const struct gnttab_copy *c)
{
	struct domain *sd, *dd;
	struct page *sp, *dp;
	int rc;

	if (c->source.offset + c->len > PAGE_SIZE || c->dest.offset + c->len > PAGE_SIZE)
		return GNTST_bad_copy_arg;
	rc = copy_end(c, false, &sd, &sp);
	if (rc)
		return rc;
	rc = copy_end(c, true, &dd, &dp);
	if (!rc) {
		memcpy(page_to_virt(dp) + c->dest.offset, page_to_virt(sp) + c->source.offset,
		       c->len);
		copy_end_put(c, true, dd, dp);
	}
	copy_end_put(c, false, sd, sp);
	return rc;
}

/* ---- tables ---- */

static struct domain *table_of(domid_t id)
{
	struct domain *cur = current_vcpu()->domain, *d = domain_get(id);

	if (d && d != cur && !cur->privileged) {
		domain_put(d);
		return NULL;
	}
	return d;
}

static void setup_table(struct gnttab_setup_table *s)
{
	struct domain *d = table_of(s->dom);

	if (!d) {
		s->status = GNTST_bad_domain;
		return;
	}
	s->status = GNTST_okay;
	spin_lock(&d->gnttab->lock);
	if (s->nr_frames > MAX_FRAMES || grow(d, s->nr_frames))
		s->status = GNTST_general_error;
	spin_unlock(&d->gnttab->lock);
	for (unsigned int i = 0; !s->status && i < s->nr_frames; i++) {
		u64 mfn = virt_to_mfn(d->gnttab->shared[i]);

		if (copy_to_guest((u64)s->frame_list.p + i * 8, &mfn, 8))
			s->status = GNTST_bad_virt_addr;
	}
	domain_put(d);
}

static void query_size(struct gnttab_query_size *q)
{
	struct domain *d = table_of(q->dom);

	q->status = d ? GNTST_okay : GNTST_bad_domain;
	if (!d)
		return;
	q->nr_frames = d->gnttab->nr_frames;
	q->max_nr_frames = MAX_FRAMES;
	domain_put(d);
}

long do_grant_table_op(u64 cmd, u64 uops, u64 count, u64 a4, u64 a5)
{
	struct vcpu *v = current_vcpu();
	union {
		struct gnttab_map_grant_ref map;
		struct gnttab_unmap_grant_ref unmap;
		struct gnttab_setup_table setup;
		struct gnttab_copy copy;
		struct gnttab_query_size query;
		struct gnttab_set_version set_version;
		struct gnttab_get_version get_version;
	} op;
	static const u8 size[] = {
		[GNTTABOP_map_grant_ref] = sizeof(op.map),
		[GNTTABOP_unmap_grant_ref] = sizeof(op.unmap),
		[GNTTABOP_setup_table] = sizeof(op.setup),
		[GNTTABOP_copy] = sizeof(op.copy),
		[GNTTABOP_query_size] = sizeof(op.query),
		[GNTTABOP_set_version] = sizeof(op.set_version),
		[GNTTABOP_get_version] = sizeof(op.get_version),
	};
	struct unmapped done;
	long rc = 0;
	u64 i;

	done.n = 0;
	count = (u32)count;
	if (cmd >= ARRAY_SIZE(size) || !size[cmd])
		return -ENOSYS;
	for (i = 0; i < count && !rc; i++) {
		u64 at = uops + i * size[cmd];

		if (i == BATCH) {
			v->again[1] = at;
			v->again[2] = count - i;
			rc = -ERESTART;
			break;
		}
		if (copy_from_guest(&op, at, size[cmd])) {
			rc = -EFAULT;
			break;
		}
		switch (cmd) {
		case GNTTABOP_map_grant_ref: map_one(&op.map); break;
		case GNTTABOP_unmap_grant_ref: unmap_one(&op.unmap, &done); break;
		case GNTTABOP_setup_table: setup_table(&op.setup); break;
		case GNTTABOP_copy: op.copy.status = copy_one(&op.copy); break;
		case GNTTABOP_query_size: query_size(&op.query); break;
		case GNTTABOP_set_version:
			if (op.set_version.version != 1)
				rc = -ENOSYS;
			break;
		case GNTTABOP_get_version:
			op.get_version.version = 1;
			break;
		}
		if (!rc && copy_to_guest(at, &op, size[cmd]))
			rc = -EFAULT;
	}
	unmap_end(&done);
	return rc;
}
