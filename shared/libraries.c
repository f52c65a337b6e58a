/* SPDX-License-Identifier: MIT
 * Who needs ld.so's search to be redirected. Callable from everywhere. Where it cannot tell, it
 * must say yes.
 */
#include "shared/libraries.h"

#include "shared/environ.h"
#include "shared/overlay.h"
#include "shared/text.h"

#include <elf.h>
#include <errno.h>
#include <linux/fcntl.h>

static const char nobodys[] = "$"; /* a word that only ld.so can expand */

bool snr_libraries_of(struct snr_library_search *search, struct snr_redirector *redirector,
		      struct snr_scratch *scratch, snr_read_file read_file, const char *path)
{
	char head[SNR_ELF_HEAD];
	long n;

	search->redirector = redirector;
	search->scratch = scratch;
	search->origin_len = 0;
	search->elf.read_file = read_file;
	search->elf.context = redirector->host.context;
	search->elf.path = path;
	n = read_file(redirector->host.context, path, 0, head, sizeof(head));
	return n > 0 && snr_elf_open(&search->elf, head, (size_t)n) &&
	       snr_elf_dynamic(&search->elf, &search->dynamic);
}

static const char *list_of(struct snr_library_search *search, int64_t tag)
{
	unsigned index = 0;
	long len = snr_elf_string(&search->elf, &search->dynamic, tag, &index, search->list,
				  sizeof(search->list));

	if (len == -ENOENT)
		return "";
	return len < 0 ? nobodys : search->list;
}

const char *snr_libraries_list(struct snr_library_search *search, unsigned index,
			       const char *environment)
{
	const char *list;

	switch (index) {
	case 0: /* counts only where there is no RUNPATH */
		list = list_of(search, DT_RUNPATH);
		return *list ? "" : list_of(search, DT_RPATH);
	case 1:
		return environment ? environment : "";
	case 2:
		return list_of(search, DT_RUNPATH);
	default:
		return NULL;
	}
}

/* The canonical name of PATH in search->name, and where the kernel finds it in OUT. Length of the
 * latter or -errno. */
static long canonical(struct snr_library_search *search, const char *path, size_t len, char *out)
{
	const struct snr_redirector *redirector = search->redirector;
	enum snr_layer layer;
	bool lost;
	long n = snr_canonical(redirector->image, &redirector->host, search->scratch, AT_FDCWD,
			       path, len, search->name, &lost);

	return n < 0 ? n
		     : snr_place(redirector->image, &redirector->host, search->scratch,
				 search->name, (size_t)n, out, SNR_PATH_MAX, &layer);
}

/* $ORIGIN: where the file really lies, and what the program calls that. */
static bool find_origin(struct snr_library_search *search)
{
	const char *path = search->elf.path;
	long n = canonical(search, path, snr_length(path), search->real);

	while (n > 1 && search->real[n - 1] != '/')
		n--;
	if (n > 1)
		n--;
	if (n <= 0)
		return false;
	search->real[n] = '\0';
	search->real_len = (size_t)n;
	n = snr_unmap(search->redirector->image, search->real, (size_t)n, search->origin,
		      SNR_PATH_MAX);
	search->origin_len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* How much of TEXT is the word $ORIGIN: 0 if it is not. */
static size_t origin_word(const char *text, size_t len)
{
	if (snr_begins(text, len, "${ORIGIN}"))
		return sizeof("${ORIGIN}") - 1;
	return snr_begins(text, len, "$ORIGIN") ? sizeof("$ORIGIN") - 1 : 0;
}

/* The kernel gets the real directory of the file in place of $ORIGIN, and TAIL behind it. Is that
 * where the rules lead? */
static bool is_same(struct snr_library_search *search, const char *tail, size_t len)
{
	const struct snr_host *host = &search->redirector->host;
	struct snr_builder real = {.out = search->real,
				   .size = SNR_PATH_MAX,
				   .len = search->real_len};
	uint64_t here, there;
	bool same;

	snr_add(&real, tail, len);
	snr_add_text(&real, "/.");
	same = snr_finish(&real) > 0 && host->kind(host->context, search->real, &here) >= 0 &&
	       host->kind(host->context, search->found, &there) >= 0 && here == there;
	search->real[search->real_len] = '\0';
	return same;
}

static enum snr_place judge(struct snr_library_search *search, const char *tail, size_t len)
{
	const struct snr_image *image = search->redirector->image;
	long n = canonical(search, search->place, search->place_len, search->found);
	const struct snr_entry *entry;
	size_t rest, name;

	if (n < 0)
		return SNR_PLACE_PLAIN;
	name = snr_length(search->name);
	entry = snr_match_path(image, snr_hash_path(search->name, name));
	if (entry && entry->ancestor)
		return SNR_PLACE_UNKNOWN;
	if (tail)
		return is_same(search, tail, len) ? SNR_PLACE_PLAIN : SNR_PLACE_MOVED;
	return snr_match_longest(image, search->name, name, &rest) == SNR_NO_RULE ? SNR_PLACE_PLAIN
										  : SNR_PLACE_MOVED;
}

enum snr_place snr_libraries_place(struct snr_library_search *search, const char **list)
{
	const char *text = *list;
	struct snr_builder place = {.out = search->place, .size = SNR_PATH_MAX};
	size_t len = 0, word;

	while (text[len] && text[len] != ':' && text[len] != ';')
		len++;
	*list = text[len] ? text + len + 1 : NULL;
	word = origin_word(text, len);
	if (word) {
		if (!search->origin_len && !find_origin(search))
			return SNR_PLACE_UNKNOWN;
		snr_add(&place, search->origin, search->origin_len);
	}
	snr_add(&place, text + word, len - word);
	if (!len)
		snr_add_text(&place, ".");
	search->place_len = place.len;
	for (size_t i = word; i < len; i++)
		if (text[i] == '$')
			return SNR_PLACE_UNKNOWN;
	if (snr_finish(&place) < 0)
		return SNR_PLACE_PLAIN; /* ld.so's open fails, too */
	return judge(search, word ? text + word : NULL, len - word);
}

long snr_libraries_find(struct snr_library_search *search, const char *name)
{
	struct snr_builder path = {.out = search->place,
				   .size = SNR_PATH_MAX,
				   .len = search->place_len};
	long n;

	snr_add_text(&path, "/");
	snr_add_text(&path, name);
	n = snr_finish(&path);
	if (n > 0)
		n = canonical(search, search->place, (size_t)n, search->found);
	search->place[search->place_len] = '\0';
	return n;
}

static bool list_is_plain(struct snr_library_search *search, const char *list)
{
	if (!*list)
		return true;
	while (list)
		if (snr_libraries_place(search, &list) != SNR_PLACE_PLAIN)
			return false;
	return true;
}

#define LIBRARY_NAME 256

/* Libraries that are needed by a path: they had no DT_SONAME when the program was linked. */
static bool needs_moved_path(struct snr_library_search *search)
{
	unsigned index = 0;
	long len;

	for (;;) {
		len = snr_elf_string(&search->elf, &search->dynamic, DT_NEEDED, &index,
				     search->list, LIBRARY_NAME);
		if (len == -ENOENT)
			return false;
		for (long i = 0; i < len; i++)
			if (search->list[i] == '/' && !list_is_plain(search, search->list))
				return true;
	}
}

/* LIST of LD_LIBRARY_PATH with real directories in search->list. False: that cannot be told. */
static bool write_real_list(struct snr_library_search *search, const char *list, bool *moved)
{
	struct snr_builder real = {.out = search->list, .size = sizeof(search->list)};

	*moved = false;
	while (list) {
		const char *text = list;
		enum snr_place place = snr_libraries_place(search, &list);

		if (place == SNR_PLACE_UNKNOWN)
			return false;
		if (place == SNR_PLACE_MOVED)
			snr_add_text(&real, search->found);
		else
			snr_add(&real, text, list ? (size_t)(list - text) - 1 : snr_length(text));
		*moved |= place == SNR_PLACE_MOVED;
		if (list)
			snr_add(&real, list - 1, 1);
	}
	return snr_finish(&real) >= 0;
}

struct snr_library_needs snr_library_needs(struct snr_library_search *search,
					   struct snr_redirector *redirector,
					   struct snr_scratch *scratch, snr_read_file read_file,
					   const struct snr_exec_plan *plan,
					   const char *const *envp)
{
	const struct snr_image *image = redirector->image;
	struct snr_library_needs needs = {false, NULL};
	const char **own = snr_environ_library_path(envp);
	bool moved;

	if (!(image->flags & SNR_IMAGE_LIBRARIES) || plan->kind == SNR_EXEC_STATIC)
		return needs;
	needs.companion = true;
	if ((image->flags & SNR_IMAGE_SYSTEM_LIBRARIES) || plan->kind == SNR_EXEC_UNKNOWN)
		return needs;
	needs.companion = snr_libraries_of(search, redirector, scratch, read_file,
					   plan->loaded[0] ? plan->loaded : plan->real) &&
			  (!list_is_plain(search, snr_libraries_list(search, 0, NULL)) ||
			   !list_is_plain(search, snr_libraries_list(search, 2, NULL)) ||
			   needs_moved_path(search));
	if (needs.companion || !own)
		return needs;
	if (!write_real_list(search, *own + sizeof("LD_LIBRARY_PATH=") - 1, &moved))
		needs.companion = true;
	else if (moved)
		needs.library_path = search->list;
	return needs;
}
