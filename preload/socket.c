/* SPDX-License-Identifier: MIT
 * Names of AF_UNIX sockets in this process. The kernel keeps the text that bind(2) was given, so
 * what a program bound is remembered where the rules alone would not give its own text back. For
 * the wrappers of preload/ only. It must never lock: a signal handler may come by.
 */
#include "preload/socket.h"

#include "shared/log.h"
#include "shared/callnumbers.h"
#include "shared/overlay_act.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define NAMES 64 /* remembered; the oldest goes */

struct name {
	socklen_t len;
	unsigned char text[SHIM_ADDRESS_SIZE];
};

/* ISSUE is odd while somebody writes; who sees it odd or changed has seen nothing. */
struct pair {
	unsigned issue;
	struct name own, real;
};

static struct pair pairs[NAMES];
static unsigned next_pair;
static unsigned next_temporary;

static size_t path_length(const struct name *name)
{
	return snr_length_within((const char *)name->text + SNR_ADDRESS_FAMILY,
				 name->len - SNR_ADDRESS_FAMILY);
}

/* As the kernel will tell it (net/unix/af_unix.c, unix_mkname_bsd): a path ends in a NUL that
 * counts, whatever length it was given with. */
static void set_name(struct name *name, const void *address, size_t len)
{
	if (len > SNR_ADDRESS_SIZE)
		len = SNR_ADDRESS_SIZE;
	snr_copy((char *)name->text, address, len);
	name->len = (socklen_t)len;
	name->len = (socklen_t)(SNR_ADDRESS_FAMILY + path_length(name));
	name->text[name->len++] = '\0';
}

static bool same_name(const struct name *a, const struct name *b)
{
	return a->len == b->len && snr_equal((const char *)a->text, (const char *)b->text, a->len);
}

bool shim_address_is_path(const void *address, socklen_t len)
{
	const unsigned char *bytes = address;
	sa_family_t family;

	if (!address || len <= SNR_ADDRESS_FAMILY || len > SNR_ADDRESS_SIZE || !shim_redirector() ||
	    !shim_is_readable(address, len))
		return false;
	__builtin_memcpy(&family, bytes, sizeof(family));
	return family == AF_UNIX && bytes[SNR_ADDRESS_FAMILY];
}

/* ---- names that are too long ---- */

/* "/proc/PID//fd/FD/LAST": by our number, not by "self", so that another process that gets this
 * name back can still tell where it leads, and with a slash too many, so that it can tell that it
 * is one of ours: the kernel keeps the text as it is. */
#define HELD "//fd/"

static long write_held(long fd, const char *last, struct shim_address *out)
{
	char text[SNR_ADDRESS_SIZE];
	struct snr_builder builder = {.out = text, .size = sizeof(text)};
	char process[16];
	long n = snr_rawcall4(__NR_readlinkat, AT_FDCWD, "/proc/self", process, sizeof(process));

	if (n < 0)
		return n;
	snr_add_text(&builder, "/proc/");
	snr_add(&builder, process, (size_t)n);
	snr_add_text(&builder, HELD);
	snr_add_number(&builder, fd);
	if (*last) {
		snr_add_text(&builder, "/");
		snr_add_text(&builder, last);
	}
	n = snr_finish(&builder);
	if (n < 0)
		return n;
	n = snr_write_address(text, (size_t)n, out->text);
	out->len = n < 0 ? 0 : (socklen_t)n;
	return n < 0 ? n : 0;
}

/* A last component that is too long by itself: who connects gets a descriptor of the very socket,
 * who binds a short name in the same directory, for the moment. */
static long shorten_last(bool binds, char *path, const char *last, long dir,
			 struct shim_address *out)
{
	struct snr_builder builder = {.out = out->temporary, .size = sizeof(out->temporary)};
	size_t len = snr_length(path), end = len;
	struct stat64 st;
	long fd;

	if (!binds) {
		fd = shim_hold(path, 0);
		return fd < 0 ? fd : write_held(fd, "", out);
	}
	while (end > 1 && path[end - 1] == '/')
		end--;
	path[end] = '\0';
	if (shim_stat_real(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EADDRINUSE;
	if (end < len) /* filename_create in fs/namei.c */
		return -ENOENT;
	snr_add_text(&builder, ".snr");
	snr_add_number(&builder, snr_rawcall1(__NR_getpid, 0));
	snr_add_text(&builder, ".");
	snr_add_number(&builder, __atomic_fetch_add(&next_temporary, 1, __ATOMIC_RELAXED) % 1000);
	snr_finish(&builder);
	out->dir = (int)dir;
	snr_copy(out->last, last, snr_length(last) + 1);
	return write_held(dir, out->temporary, out);
}

/* A name that fits for the real PATH of LEN bytes that does not. PATH is ours to cut. */
static long shorten(bool binds, char *path, size_t len, struct shim_address *out)
{
	size_t cut = len;
	char first;
	long dir, result;

	/* A slash behind the last name stays with it: it is the kernel's to refuse. */
	while (cut > 1 && path[cut - 1] == '/')
		cut--;
	while (cut > 1 && path[cut - 1] != '/')
		cut--;
	first = path[cut];
	path[cut] = '\0';
	dir = binds ? shim_hold_for_ever(path) : shim_hold(path, O_DIRECTORY);
	path[cut] = first;
	if (dir < 0)
		return dir;
	result = write_held(dir, path + cut, out);
	return result == -ENAMETOOLONG ? shorten_last(binds, path, path + cut, dir, out) : result;
}

/* ---- forward ---- */

long shim_address_plan(enum snr_op op, const void *address, socklen_t len,
		       struct shim_address *instead)
{
	struct snr_redirector *redirector = shim_redirector();
	struct shim_slot *slot = shim_slot_take();
	bool binds = (snr_pathops[op].effects & SNR_CREATES) != 0;
	struct snr_address_plan plan;
	unsigned char copy[SNR_ADDRESS_SIZE];
	long result;

	if (!slot)
		return 0;
	snr_copy((char *)copy, address, len);
	snr_plan_address(redirector, &slot->scratch, copy, len, binds, instead->text, slot->text[0],
			 &plan);
	if (plan.overlay.deed) {
		const struct snr_actor actor = shim_actor();

		snr_act_for_address(redirector, &slot->scratch, &actor, instead->text,
				    slot->text[0], &plan);
	}
	instead->len = plan.len;
	instead->dir = -1;
	result = plan.verdict == SNR_FINISHED ? plan.result : plan.verdict == SNR_CHANGED;
	if (redirector->image->watched) {
		struct snr_event event = {
			.op = op,
			.dirfd = AT_FDCWD,
			.follow = !binds,
			.from = slot->scratch.path,
			.to = result > 0 ? slot->text[0] : NULL,
			.result = result < 0 ? (int)result : 0,
			.rule = plan.rule,
		};

		shim_tell(redirector, &event);
	}
	if (result > 0 && plan.too_long) {
		result = shorten(binds, slot->text[0], plan.path_len, instead);
		result = result < 0 ? result : 1;
	}
	shim_slot_release(slot);
	return result;
}

/* ---- back ---- */

/* Is PATH of LEN bytes "/proc/PID//fd/FD"? */
static bool is_held(const char *path, size_t len)
{
	size_t at = sizeof("/proc/") - 1, fd = sizeof(HELD) - 1;

	if (!snr_begins(path, len, "/proc/"))
		return false;
	at += snr_digits(path + at, len - at);
	return snr_begins(path + at, len - at, HELD) &&
	       snr_digits(path + at + fd, len - at - fd) == len - at - fd;
}

/* A name that a process of ours made short. Its directory, as long as that process holds it. */
static size_t reverse_held(const struct snr_image *image, const struct name *real,
			   unsigned char own[SNR_ADDRESS_SIZE])
{
	const char *path = (const char *)real->text + SNR_ADDRESS_FAMILY;
	size_t len = path_length(real), cut = len;
	struct snr_builder builder;
	struct shim_slot *slot;
	char link[SNR_ADDRESS_SIZE];
	long n;

	while (cut > 0 && path[cut - 1] != '/')
		cut--;
	if (cut < 2 || !is_held(path, cut - 1))
		return 0;
	slot = shim_slot_take();
	if (!slot)
		return 0;
	snr_copy(link, path, cut - 1);
	link[cut - 1] = '\0';
	n = snr_rawcall4(__NR_readlinkat, AT_FDCWD, link, slot->text[0], SNR_PATH_MAX);
	if (n > 0)
		n = snr_unmap(image, slot->text[0], (size_t)n, slot->text[1], SNR_PATH_MAX);
	if (n > 0) {
		builder = (struct snr_builder){.out = slot->text[1],
					       .size = SNR_PATH_MAX,
					       .len = (size_t)n};
		snr_add(&builder, path + cut - 1, len - cut + 1);
		n = snr_finish(&builder);
		n = n < 0 ? 0 : snr_write_address(slot->text[1], (size_t)n, own);
	}
	shim_slot_release(slot);
	return n < 0 ? 0 : (size_t)n;
}

/* What the rules say of the whole name REAL. False: it stays. */
static bool reverse_by_rules(const struct name *real, struct name *own)
{
	const struct snr_image *image = shim_redirector()->image;
	unsigned char text[SNR_ADDRESS_SIZE];
	size_t n = snr_reverse_address(image, real->text, real->len, text);

	if (!n)
		n = reverse_held(image, real, text);
	if (n)
		set_name(own, text, n);
	return n != 0;
}

/* The pair with the real name of LEN bytes that begins with the first HAVE bytes of REAL. */
static struct pair *find(const struct name *real, size_t have)
{
	for (unsigned i = 0; i < NAMES; i++) {
		struct pair *pair = &pairs[i];

		if (pair->real.len == real->len &&
		    snr_equal((const char *)pair->real.text, (const char *)real->text, have))
			return pair;
	}
	return NULL;
}

static bool recall(const struct name *real, size_t have, struct name *own)
{
	const struct pair *pair = find(real, have);
	unsigned issue;

	if (!pair)
		return false;
	issue = __atomic_load_n(&pair->issue, __ATOMIC_ACQUIRE);
	*own = pair->own;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !(issue & 1) && __atomic_load_n(&pair->issue, __ATOMIC_RELAXED) == issue &&
	       own->len <= sizeof(own->text);
}

static void remember(struct pair *pair, const struct name *own, const struct name *real)
{
	unsigned issue = __atomic_load_n(&pair->issue, __ATOMIC_RELAXED);

	if ((issue & 1) || !__atomic_compare_exchange_n(&pair->issue, &issue, issue + 1, false,
							__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	pair->own = *own;
	pair->real = *real;
	__atomic_store_n(&pair->issue, issue + 2, __ATOMIC_RELEASE);
}

/* Put the long name in the place of the short one. A hard link does not replace what is there. */
static long give_last(const struct shim_address *instead)
{
	long result = snr_rawcall5(__NR_linkat, instead->dir, instead->temporary, instead->dir,
				   instead->last, 0);

	snr_rawcall3(__NR_unlinkat, instead->dir, instead->temporary, 0);
	return result == -EEXIST ? -EADDRINUSE : result;
}

long shim_address_bound(const void *address, socklen_t len, const struct shim_address *instead)
{
	struct name own, real, ruled;
	struct pair *pair;

	set_name(&own, address, len);
	real = own;
	if (instead)
		set_name(&real, instead->text, instead->len);
	pair = find(&real, real.len);
	if (!pair && !same_name(reverse_by_rules(&real, &ruled) ? &ruled : &real, &own))
		pair = &pairs[__atomic_fetch_add(&next_pair, 1, __ATOMIC_RELAXED) % NAMES];
	if (pair)
		remember(pair, &own, &real);
	return !instead || instead->dir < 0 ? 0 : give_last(instead);
}

static long give(const struct name *own, void *address, socklen_t size)
{
	long error =
		shim_write(address, (const char *)own->text, own->len < size ? own->len : size);

	return error ? error : (long)own->len;
}

/* Is NAME, of which HAVE bytes are known, a path? */
static bool is_path(const void *address, size_t have, size_t len)
{
	sa_family_t family;

	if (have < sizeof(family) || len <= SNR_ADDRESS_FAMILY || len > SHIM_ADDRESS_SIZE ||
	    !shim_redirector())
		return false;
	__builtin_memcpy(&family, address, sizeof(family));
	return family == AF_UNIX;
}

long shim_address_give(void *address, socklen_t size, socklen_t len)
{
	socklen_t have = len < size ? len : size;
	struct name real = {.len = len}, own;

	if (!is_path(address, have, len))
		return 0;
	snr_copy((char *)real.text, address, have);
	if (recall(&real, have, &own) || (have == len && reverse_by_rules(&real, &own)))
		return give(&own, address, size);
	return 0;
}

long shim_address_give_whole(const void *whole, socklen_t len, void *address, socklen_t size)
{
	struct name real = {.len = len}, own;

	if (!is_path(whole, len, len))
		return 0;
	snr_copy((char *)real.text, whole, len);
	if (recall(&real, len, &own) || reverse_by_rules(&real, &own))
		return give(&own, address, size);
	return 0;
}
