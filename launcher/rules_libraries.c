/* SPDX-License-Identifier: MIT
 * Whether ld.so may find libraries through rules. Called once when the rules are compiled. It must
 * say yes where it cannot tell.
 */
#include "launcher/rules_check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where ld.so looks without being told (ld.so(8)); links are resolved, as in rules' paths. */
static const char *const system_directories[] = {"/lib",       "/lib32",     "/lib64",
						 "/libx32",    "/usr/lib",   "/usr/lib32",
						 "/usr/lib64", "/usr/libx32"};

struct directory {
	const char *path;
	size_t len;
};

static bool is_word(const char *path, const char *end, const char *word)
{
	const char *at = strstr(path, word);

	return at && at < end;
}

/* Is PATH the library directory, one for a kind of machine in it (/usr/lib/x86_64-linux-gnu), above
 * it, or a library in it? */
static bool concerns(const struct directory *directory, const char *path, size_t len)
{
	const char *rest = path + directory->len, *end;

	/* All rules are asked for each directory: most differ behind the first slash. */
	if (len > 1 && path[1] != directory->path[1])
		return false;
	if (len <= directory->len)
		return !strncmp(directory->path, path, len) &&
		       (len <= 1 || len == directory->len || directory->path[len] == '/');
	if (strncmp(directory->path, path, directory->len) || *rest != '/')
		return false;
	end = strchrnul(rest + 1, '/');
	if (is_word(rest, end, "-linux-gnu")) {
		rest = end;
		end = *rest ? strchrnul(rest + 1, '/') : rest;
	}
	return !*rest || is_word(rest, end, "glibc-hwcaps") || (!*end && is_word(rest, end, ".so"));
}

static bool concerns_any(const struct rules_set *set, const struct directory *directory)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (!set->rule[i].parent &&
		    concerns(directory, set->rule[i].path, set->rule[i].path_len))
			return true;
	return false;
}

/* Directories that concern nobody. */
struct asked {
	struct directory directory[16];
	unsigned next;
};

static bool was_asked(const struct asked *asked, const struct directory *directory)
{
	for (unsigned i = 0; i < sizeof(asked->directory) / sizeof(*asked->directory); i++)
		if (asked->directory[i].len == directory->len &&
		    !memcmp(asked->directory[i].path, directory->path, directory->len))
			return true;
	return false;
}

/* ld.so's cache names all libraries in the directories of /etc/ld.so.conf, each with a NUL behind.
 * There are thousands, in a few directories. */
static bool concerns_cached(const struct rules_set *set, const char *cache, size_t size)
{
	struct asked asked = {.next = 0};

	for (const char *at = cache; at && at < cache + size;
	     at = memchr(at, '\0', (size_t)(cache + size - at))) {
		while (at < cache + size && !*at)
			at++;
		if (at == cache + size || *at != '/')
			continue;
		const char *end = memchr(at, '\0', (size_t)(cache + size - at));
		const char *name = end ? memrchr(at, '/', (size_t)(end - at)) : NULL;
		struct directory directory = {at, name ? (size_t)(name - at) : 0};

		if (!directory.len || was_asked(&asked, &directory))
			continue;
		if (concerns_any(set, &directory))
			return true;
		asked.directory[asked.next++ % 16] = directory;
	}
	return false;
}

static bool concerns_cache(const struct rules_set *set)
{
	int fd = open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC);
	bool answer = false;
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		size_t size = (size_t)st.st_size;
		void *cache = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (cache != MAP_FAILED) {
			answer = concerns_cached(set, cache, size);
			munmap(cache, size);
		}
	}
	close(fd);
	return answer;
}

static bool may_hold_library(const struct rules_final *rule)
{
	return !rule->parent && ((rule->flags & (SNR_RULE_TARGET_DIR | SNR_RULE_MISSING)) ||
				 strstr(strrchr(rule->path, '/'), ".so"));
}

uint32_t rules_hold_libraries(const struct rules_set *set)
{
	uint32_t i = 0;

	while (i < set->count && !may_hold_library(&set->rule[i]))
		i++;
	if (i == set->count)
		return 0;
	for (size_t d = 0; d < sizeof(system_directories) / sizeof(*system_directories); d++) {
		struct directory directory = {system_directories[d], strlen(system_directories[d])};

		if (concerns_any(set, &directory))
			return SNR_IMAGE_LIBRARIES | SNR_IMAGE_SYSTEM_LIBRARIES;
	}
	return SNR_IMAGE_LIBRARIES | (concerns_cache(set) ? SNR_IMAGE_SYSTEM_LIBRARIES : 0u);
}
