/* SPDX-License-Identifier: MIT
 * The shim's companion in LD_AUDIT: ld.so asks it where to look for each library (rtld-audit(7)),
 * so that DT_NEEDED, RUNPATH, $ORIGIN and plugins are found through the rules. Called by ld.so,
 * which holds its lock. It lies in a name space of its own, before there is any libc: it must never
 * need one.
 */
#include "preload/shim.h"

#include "shared/log.h"
#include "shared/callnumbers.h"
#include "shared/environ.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

unsigned la_version(unsigned version);
char *la_objsearch(const char *name, uintptr_t *cookie, unsigned flag);

static const char *const *environment;

/* ld.so hands these on to every object's constructors (glibc). */
__attribute__((constructor)) static void start(int argc, char **argv, char **envp)
{
	environment = (const char *const *)envp;
}

const char *const *shim_initial_environment(void)
{
	return environment;
}

SHIM_EXPORT unsigned la_version(unsigned version)
{
	return version;
}

static void tell(const struct snr_redirector *redirector, const char *path, const char *to,
		 uint32_t rule)
{
	struct snr_event event = {
		.op = SNR_open,
		.dirfd = AT_FDCWD,
		.follow = true,
		.from = path,
		.to = to,
		.rule = rule,
	};

	if (redirector->image->watched)
		shim_tell(redirector, &event);
}

/* Where PATH leads, in TEXT of SNR_PATH_MAX bytes; NULL: to itself. */
static const char *redirect(const char *path, char *text)
{
	struct snr_redirector *redirector = shim_rules();
	const struct snr_call call = {.op = SNR_open, .arg = {(uint64_t)(uintptr_t)path}};
	struct shim_slot *slot = redirector ? shim_slot_take() : NULL;
	const struct snr_plan *plan;
	bool changed;

	if (!slot)
		return NULL;
	plan = &slot->plan;
	snr_plan_call(redirector, &slot->scratch, &call, &slot->plan);
	changed = plan->verdict == SNR_CHANGED && plan->npaths;
	if (changed) {
		snr_copy(text, plan->text[0], plan->path_len[0] + 1u);
		tell(redirector, path, text, plan->rule);
	}
	shim_slot_release(slot);
	return changed ? text : NULL;
}

/* ---- what ld.so's own search misses: directories that are not on the disk, which it asks for once
 * and then leaves out ---- */

/* The tags of an object that say where it wants its libraries from. */
struct wishes {
	const char *rpath, *runpath;
};

static struct wishes wishes_of(const struct link_map *map)
{
	const char *strings = NULL;
	size_t rpath = 0, runpath = 0;

	for (const ElfW(Dyn) *dyn = map->l_ld; dyn && dyn->d_tag != DT_NULL; dyn++) {
		ElfW(Addr) value = dyn->d_un.d_ptr;

		if (dyn->d_tag == DT_STRTAB)
			strings = (const char *)(value < map->l_addr ? value + map->l_addr : value);
		else if (dyn->d_tag == DT_RPATH)
			rpath = (size_t)dyn->d_un.d_val;
		else if (dyn->d_tag == DT_RUNPATH)
			runpath = (size_t)dyn->d_un.d_val;
	}
	return (struct wishes){
		.rpath = strings && rpath ? strings + rpath : NULL,
		.runpath = strings && runpath ? strings + runpath : NULL,
	};
}

/* The directory of the object, in the program's names. */
static void add_origin(struct snr_builder *path, const struct link_map *map, struct shim_slot *slot)
{
	const char *name = map->l_name;
	size_t len = snr_length(name);
	long n;

	if (!len) {
		n = snr_rawcall4(__NR_readlinkat, AT_FDCWD, "/proc/self/exe", slot->text[0],
				 SNR_PATH_MAX);
		name = slot->text[0];
		len = n > 0 ? (size_t)n : 0;
	}
	while (len && name[len - 1] != '/')
		len--;
	if (len > 1)
		len--;
	n = snr_reverse(shim_rules()->image, name, len, slot->text[1], SNR_PATH_MAX);
	if (n > 0)
		snr_add(path, slot->text[1], (size_t)n);
}

/* DIRECTORY/NAME in slot->scratch.path, $ORIGIN replaced. False where it says something else that
 * ld.so replaces, or is too long. */
static bool make_candidate(const struct link_map *map, const char *directory, size_t len,
			   const char *name, struct shim_slot *slot)
{
	struct snr_builder path = {.out = slot->scratch.path, .size = SNR_PATH_MAX};

	for (size_t i = 0; i < len;) {
		if (snr_begins(directory + i, len - i, "$ORIGIN")) {
			add_origin(&path, map, slot);
			i += sizeof("$ORIGIN") - 1;
		} else if (snr_begins(directory + i, len - i, "${ORIGIN}")) {
			add_origin(&path, map, slot);
			i += sizeof("${ORIGIN}") - 1;
		} else if (directory[i] == '$') {
			return false;
		} else {
			snr_add(&path, directory + i++, 1);
		}
	}
	snr_add_text(&path, len ? "/" : "./");
	snr_add_text(&path, name);
	return snr_finish(&path) > 0;
}

/* A library of our word size? */
static bool is_library(const char *path)
{
	unsigned char head[EI_CLASS + 1] = {0};
	long fd = snr_rawcall4(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	snr_rawcall3(__NR_read, fd, head, sizeof(head));
	snr_rawcall1(__NR_close, fd);
	return snr_equal((const char *)head, ELFMAG, SELFMAG) &&
	       head[EI_CLASS] == (sizeof(long) == 8 ? ELFCLASS64 : ELFCLASS32);
}

enum outcome { NOT_THERE, BY_ITSELF, REDIRECTED };

/* Look for NAME in the directories of LIST, in order. Where it is found under a rule, its path is
 * in TEXT. With ONLY_RULES the disk is not asked: is there such a directory at all? */
static enum outcome look(const struct link_map *map, const char *list, const char *name, char *text,
			 bool only_rules)
{
	struct shim_slot *slot = list ? shim_slot_take() : NULL;
	enum outcome outcome = NOT_THERE;
	const char *path;

	while (slot && outcome == NOT_THERE) {
		size_t len = 0;

		while (list[len] && list[len] != ':' && list[len] != ';')
			len++;
		if (make_candidate(map, list, len, name, slot)) {
			path = redirect(slot->scratch.path, text);
			if (only_rules ? path != NULL
				       : is_library(path ? path : slot->scratch.path))
				outcome = path ? REDIRECTED : BY_ITSELF;
		}
		if (!list[len])
			break;
		list += len + 1;
	}
	if (slot)
		shim_slot_release(slot);
	return outcome;
}

/* ld.so(8): RPATH, of the object and of the program, where there is no RUNPATH; LD_LIBRARY_PATH;
 * RUNPATH. */
static enum outcome search(const struct link_map *map, const char *name, char *text,
			   bool only_rules)
{
	const struct link_map *program = map;
	struct wishes mine = wishes_of(map), first;
	enum outcome outcome = NOT_THERE;

	while (program->l_prev)
		program = program->l_prev;
	first = wishes_of(program);
	if (!mine.runpath) {
		outcome = look(map, mine.rpath, name, text, only_rules);
		if (outcome == NOT_THERE && program != map && !first.runpath)
			outcome = look(program, first.rpath, name, text, only_rules);
	}
	if (outcome == NOT_THERE)
		outcome = look(map, snr_environ_get(environment, "LD_LIBRARY_PATH"), name, text,
			       only_rules);
	if (outcome == NOT_THERE)
		outcome = look(map, mine.runpath, name, text, only_rules);
	return outcome;
}

/* The shim itself, at each start. */
static bool is_shim(const char *name)
{
	const struct snr_image *image = shim_rules()->image;
	struct snr_text shim = sizeof(long) == 8 ? image->shim64 : image->shim32;
	size_t len = snr_length(name);

	return len == shim.len && snr_equal(name, snr_string(image, shim), len);
}

static bool has_slash(const char *name)
{
	while (*name && *name != '/')
		name++;
	return *name != '\0';
}

/* What is given back must last for as long as ld.so searches, during which it asks for single
 * paths: two texts. */
SHIM_EXPORT char *la_objsearch(const char *name, uintptr_t *cookie, unsigned flag)
{
	static char whole[SNR_PATH_MAX], single[SNR_PATH_MAX];
	const struct link_map *map = (const struct link_map *)*cookie;
	const char *path = NULL;

	if (!shim_rules() || is_shim(name))
		return (char *)(uintptr_t)name;
	if (has_slash(name))
		path = redirect(name, flag == LA_SER_ORIG ? whole : single);
	else if (flag == LA_SER_ORIG && map && search(map, name, whole, true) == REDIRECTED &&
		 search(map, name, whole, false) == REDIRECTED)
		path = whole;
	return (char *)(uintptr_t)(path ? path : name);
}
