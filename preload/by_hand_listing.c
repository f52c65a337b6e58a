/* SPDX-License-Identifier: MIT
 * readdir and its kin, and getdents64: the paths of rules follow the names that the disk has.
 * Called by programs. It must never give a name twice between rewinddir and the end, and never
 * allocate: what belongs to a stream that stands among extra names lies in a table of ours.
 */
#include "preload/listing.h"

#include "shared/callnumbers.h"
#include "shared/text.h"

#include <dirent.h>
#include <errno.h>
#include <sys/types.h>

SHIM_REAL_POINTER(struct dirent *, readdir, (DIR * dir))
SHIM_REAL_POINTER(struct dirent64 *, readdir64, (DIR * dir))
SHIM_REAL(int, readdir_r, (DIR * dir, struct dirent *entry, struct dirent **result))
SHIM_REAL(int, readdir64_r, (DIR * dir, struct dirent64 *entry, struct dirent64 **result))
SHIM_REAL(long, telldir, (DIR * dir))
SHIM_REAL_AS(void, seekdir, (DIR * dir, long position), shim_missing)
SHIM_REAL_AS(void, rewinddir, (DIR * dir), shim_missing)
SHIM_REAL(int, closedir, (DIR * dir))
SHIM_REAL(ssize_t, getdents64, (int fd, void *buffer, size_t size))

/* What telldir(3) gives there is a long on all machines. */
#define BASE ((long)(sizeof(long) == 8 ? SNR_LISTING_BASE64 : SNR_LISTING_BASE32))

/* A stream that stands among extra names or behind them. */
struct stream {
	DIR *dir; /* NULL: free */
	struct shim_list_place at;
	uint8_t asking; /* 1 + enum shim_asking; 0: not known yet */
	struct dirent narrow;
	struct dirent64 wide;
};

#define STREAMS 32 /* in one piece; more come from the kernel and stay */

struct piece {
	struct piece *more;
	struct stream stream[STREAMS];
};

static struct piece first;
static int taken; /* streams in use */

static struct stream *find_stream(DIR *dir)
{
	if (!__atomic_load_n(&taken, __ATOMIC_ACQUIRE))
		return NULL;
	for (struct piece *piece = &first; piece;
	     piece = __atomic_load_n(&piece->more, __ATOMIC_ACQUIRE))
		for (int i = 0; i < STREAMS; i++)
			if (__atomic_load_n(&piece->stream[i].dir, __ATOMIC_RELAXED) == dir)
				return &piece->stream[i];
	return NULL;
}

static struct stream *take_stream(struct piece *piece, DIR *dir)
{
	for (int i = 0; i < STREAMS; i++) {
		struct stream *stream = &piece->stream[i];
		DIR *none = NULL;

		if (__atomic_compare_exchange_n(&stream->dir, &none, dir, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED)) {
			__atomic_fetch_add(&taken, 1, __ATOMIC_RELEASE);
			stream->at.place = -1;
			stream->at.merged = -1;
			stream->asking = 0;
			return stream;
		}
	}
	return NULL;
}

/* Threads that need one more piece at once add one each. */
static struct piece *add_piece(struct piece *last)
{
	struct piece *none = NULL;
	struct piece *piece = shim_map(sizeof(*piece));

	if (!piece)
		return NULL;
	while (!__atomic_compare_exchange_n(&last->more, &none, piece, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_ACQUIRE)) {
		last = none;
		none = NULL;
	}
	return piece;
}

static struct stream *make_stream(DIR *dir)
{
	struct stream *stream = find_stream(dir);

	for (struct piece *piece = &first; piece && !stream;) {
		struct piece *more = __atomic_load_n(&piece->more, __ATOMIC_ACQUIRE);

		stream = take_stream(piece, dir);
		piece = stream || more ? more : add_piece(piece);
	}
	return stream;
}

static void forget_stream(DIR *dir)
{
	struct stream *stream = find_stream(dir);

	if (stream) {
		__atomic_store_n(&stream->dir, NULL, __ATOMIC_RELEASE);
		__atomic_fetch_sub(&taken, 1, __ATOMIC_RELEASE);
	}
}

static bool among_extras(const struct stream *stream)
{
	return stream && stream->at.place >= 0;
}

/* Must be asked whether the kernel's name is to be seen? That is decided once for a stream. */
static bool is_asked_for(DIR *dir, const char *name, unsigned char type)
{
	struct stream *stream = make_stream(dir);

	if (!stream)
		return true;
	if (!stream->asking)
		stream->asking = (uint8_t)(1 + shim_list_asks(dirfd(dir)));
	return stream->asking - 1 == SHIM_ASKS_ALWAYS ||
	       (stream->asking - 1 == SHIM_ASKS_ODD &&
		snr_may_be_hidden(name, snr_length(name), type));
}

/* The next extra name of DIR, whose own names are at their end; NULL: no more. Streams of
 * directories that have none keep nothing. */
static const struct dirent64 *next_name(DIR *dir, struct stream *stream)
{
	struct shim_list_place begun = {.place = -1, .merged = -1};
	struct shim_list_place *at = stream ? &stream->at : &begun;
	struct snr_listed listed;
	bool found = shim_list_next(dirfd(dir), at, &listed);

	if (!stream && at->place >= 0) {
		stream = make_stream(dir);
		if (stream)
			stream->at = begun;
	}
	if (!stream || !found)
		return NULL;
	stream->wide.d_ino = listed.inode;
	stream->wide.d_off = (off64_t)(BASE + stream->at.place);
	stream->wide.d_reclen = sizeof(stream->wide);
	stream->wide.d_type = listed.type;
	snr_copy(stream->wide.d_name, listed.name, listed.len);
	stream->wide.d_name[listed.len] = '\0';
	return &stream->wide;
}

static struct dirent *narrow(struct dirent *out, const struct dirent64 *entry)
{
	out->d_ino = (ino_t)entry->d_ino;
	out->d_off = (off_t)entry->d_off;
	out->d_reclen = sizeof(*out);
	out->d_type = entry->d_type;
	snr_copy(out->d_name, entry->d_name, snr_length(entry->d_name) + 1);
	return out;
}

/* Is the entry, which the kernel gave, one to be seen? It may become another one. */
#define SHOWS(name, type)                                                                          \
	static bool name(DIR *dir, struct type *entry)                                             \
	{                                                                                          \
		uint64_t inode = 0;                                                                \
                                                                                                   \
		if (!shim_lists() || !snr_listing_may_edit(shim_redirector()->image) ||            \
		    !is_asked_for(dir, entry->d_name, entry->d_type))                              \
			return true;                                                               \
		if (!shim_list_shows(dirfd(dir), entry->d_name, &entry->d_type, &inode))           \
			return false;                                                              \
		if (inode)                                                                         \
			entry->d_ino = (__typeof__(entry->d_ino))inode;                            \
		return true;                                                                       \
	}
SHOWS(shows, dirent)
SHOWS(shows64, dirent64)

/* NULL with errno as it was is the end. An error that happens to be there already does no harm:
 * next_name finds nothing either. */
SHIM_EXPORT struct dirent *readdir(DIR *dir)
{
	struct stream *stream = find_stream(dir);
	const struct dirent64 *extra;
	struct dirent *entry;
	int before = errno;

	if (!among_extras(stream)) {
		if (!shim_lists())
			return real_readdir()(dir);
		do
			entry = real_readdir()(dir);
		while (entry && !shows(dir, entry));
		if (entry || errno != before)
			return entry;
	}
	extra = next_name(dir, stream);
	return extra ? narrow(&find_stream(dir)->narrow, extra) : NULL;
}

SHIM_EXPORT struct dirent64 *readdir64(DIR *dir)
{
	struct stream *stream = find_stream(dir);
	struct dirent64 *entry;
	int before = errno;

	if (!among_extras(stream)) {
		if (!shim_lists())
			return real_readdir64()(dir);
		do
			entry = real_readdir64()(dir);
		while (entry && !shows64(dir, entry));
		if (entry || errno != before)
			return entry;
	}
	return (struct dirent64 *)(uintptr_t)next_name(dir, stream);
}

SHIM_EXPORT int readdir_r(DIR *dir, struct dirent *entry, struct dirent **result)
{
	struct stream *stream = find_stream(dir);
	const struct dirent64 *extra;
	int error;

	if (!among_extras(stream)) {
		do
			error = real_readdir_r()(dir, entry, result);
		while (!error && *result && !shows(dir, entry));
		if (error || *result || !shim_lists())
			return error;
	}
	extra = next_name(dir, stream);
	*result = extra ? narrow(entry, extra) : NULL;
	return 0;
}

SHIM_EXPORT int readdir64_r(DIR *dir, struct dirent64 *entry, struct dirent64 **result)
{
	struct stream *stream = find_stream(dir);
	const struct dirent64 *extra;
	int error;

	if (!among_extras(stream)) {
		do
			error = real_readdir64_r()(dir, entry, result);
		while (!error && *result && !shows64(dir, entry));
		if (error || *result || !shim_lists())
			return error;
	}
	extra = next_name(dir, stream);
	if (extra)
		*entry = *extra;
	*result = extra ? entry : NULL;
	return 0;
}

SHIM_EXPORT long telldir(DIR *dir)
{
	const struct stream *stream = find_stream(dir);

	return among_extras(stream) ? BASE + (long)stream->at.place : real_telldir()(dir);
}

SHIM_EXPORT void seekdir(DIR *dir, long position)
{
	struct stream *stream;

	if (snr_listing_is_among(position, BASE) && shim_lists()) {
		stream = make_stream(dir);
		if (stream)
			stream->at.place = position - BASE;
		return;
	}
	forget_stream(dir);
	real_seekdir()(dir, position);
}

SHIM_EXPORT void rewinddir(DIR *dir)
{
	forget_stream(dir);
	real_rewinddir()(dir);
}

SHIM_EXPORT int closedir(DIR *dir)
{
	forget_stream(dir);
	return real_closedir()(dir);
}

SHIM_EXPORT ssize_t getdents64(int fd, void *buffer, size_t size)
{
	long n;

	if (!shim_lists())
		return real_getdents64()(fd, buffer, size);
	n = shim_list(__NR_getdents64, 0, fd, buffer, size);
	return n < 0 ? shim_fail(n) : n;
}
