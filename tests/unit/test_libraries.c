/* SPDX-License-Identifier: MIT
 * Which programs look for libraries where a rule applies.
 */
#include "tests/unit/fake.h"

#include "shared/libraries.h"

#include <elf.h>

static const struct pair rules[] = {{"/opt/acme", "/snap/a"},
				    {"/opt/acme/bin/inner", "/snap/inner"},
				    {"/opt/b/libb.so", "/snap/b.so"}};

static const struct node nodes[] = {
	{"/opt", "d"},
	{"/bin", "d"},
	{"/bin/program", "f"},
	{"/bin/../lib", "d"},
	{"/snap/a/bin/../lib", "d"},
	{"/snap", "d"},
	{"/snap/a", "d"},
	{"/snap/a/bin", "d"},
	{"/snap/a/bin/p", "f"},
	{"/snap/a/lib", "d"},
	{"/snap/inner", "d"},
	{"/opt/b", "d"},
	{"/lib", "d"},
	{"/lib/link", "-> /opt/acme/lib"},
	{"/snap/a/lib/x.so", "f"},
};

/* One file for all names: a program header, tags, strings. */
static struct {
	Elf64_Ehdr head;
	Elf64_Phdr segment[2];
	Elf64_Dyn tag[5];
	char strings[256];
} file;

static long read_file(void *context, const char *path, uint64_t offset, void *out, size_t size)
{
	if (offset >= sizeof(file))
		return 0;
	if (size > sizeof(file) - offset)
		size = sizeof(file) - offset;
	memcpy(out, (const char *)&file + offset, size);
	return (long)size;
}

/* A program with one more TAG than DT_STRTAB. */
static void make(int64_t tag, const char *text)
{
	memset(&file, 0, sizeof(file));
	memcpy(file.head.e_ident, ELFMAG, SELFMAG);
	file.head.e_ident[EI_CLASS] = ELFCLASS64;
	file.head.e_phoff = offsetof(__typeof__(file), segment);
	file.head.e_phentsize = sizeof(file.segment[0]);
	file.head.e_phnum = COUNT(file.segment);
	file.segment[0] =
		(Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = 0x1000, .p_filesz = sizeof(file)};
	file.segment[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC,
				       .p_offset = offsetof(__typeof__(file), tag),
				       .p_filesz = sizeof(file.tag)};
	file.tag[0] = (Elf64_Dyn){.d_tag = DT_NEEDED, .d_un.d_val = 1};
	file.tag[1] = (Elf64_Dyn){.d_tag = DT_STRTAB,
				  .d_un.d_ptr = 0x1000 + offsetof(__typeof__(file), strings)};
	file.tag[2] = (Elf64_Dyn){.d_tag = tag, .d_un.d_val = 20};
	strcpy(file.strings + 1, "libc.so.6");
	strcpy(file.strings + 20, text);
}

/* What ld.so is told instead of LD_LIBRARY_PATH, by the last question. */
static char told[SNR_PATH_MAX];

static bool asked(uint32_t flags, const char *real, const char *library_path)
{
	static struct snr_library_search search;
	static struct snr_scratch scratch;
	static struct snr_exec_plan plan;
	char variable[128];
	const char *const envp[] = {library_path ? variable : NULL, NULL};
	struct image image = fake_image(rules, COUNT(rules));
	struct world world = {nodes, COUNT(nodes), "/snap/a", "/snap/a", 0};
	struct snr_image *copy = malloc(image.mapped->size);
	struct snr_redirector redirector = {.image = copy, .host = world_host(&world)};
	struct snr_library_needs answer;

	snprintf(variable, sizeof(variable), "LD_LIBRARY_PATH=%s",
		 library_path ? library_path : "");
	assert_non_null(copy);
	memcpy(copy, image.mapped, image.mapped->size);
	copy->flags |= flags;
	plan.kind = SNR_EXEC_DYNAMIC;
	strcpy(plan.real, real);
	answer = snr_library_needs(&search, &redirector, &scratch, read_file, &plan, envp);
	strcpy(told, answer.library_path ? answer.library_path : "");
	free(copy);
	image_free(&image);
	return answer.companion;
}

static bool needs(const char *real, const char *library_path)
{
	return asked(SNR_IMAGE_LIBRARIES, real, library_path);
}

static void test_lists(void **state)
{
	make(DT_RUNPATH, "/lib");
	assert_false(needs("/bin/program", NULL));
	assert_false(needs("/bin/program", "/usr/lib:/none"));
	assert_string_equal(told, "");
	assert_false(needs("/bin/program", "/usr/lib;/opt/acme/lib"));
	assert_string_equal(told, "/usr/lib;/snap/a/lib");
	assert_false(needs("/bin/program", "/opt/acme/none"));
	assert_string_equal(told, "");
	assert_false(needs("/bin/program", "/lib/link:/lib"));
	assert_string_equal(told, "/snap/a/lib:/lib");
	assert_true(needs("/bin/program", "/opt/b")); /* a rule lies in it */
	assert_true(needs("/bin/program", "/lib/$PLATFORM"));
	assert_true(needs("/bin/program", "/lib:")); /* the cwd, and a rule lies in it */
	make(DT_RUNPATH, "/opt/acme/lib");
	assert_true(needs("/bin/program", NULL));
	make(DT_RPATH, "/lib;/opt/acme/lib");
	assert_true(needs("/bin/program", NULL));
}

static void test_origin(void **state)
{
	make(DT_RUNPATH, "$ORIGIN/../lib:${ORIGIN}");
	assert_false(needs("/bin/program", NULL));
	make(DT_RUNPATH, "$ORIGIN/../lib");
	assert_false(needs("/snap/a/bin/p", NULL)); /* the kernel gets there by itself */
	make(DT_RUNPATH, "$ORIGIN");
	assert_true(needs("/snap/a/bin/p", NULL)); /* a rule lies in it */
	make(DT_RUNPATH, "$ORIGIN/inner");
	assert_true(needs("/snap/a/bin/p", NULL));
}

static void test_paths(void **state)
{
	make(DT_NEEDED, "/lib/x.so");
	assert_false(needs("/bin/program", NULL));
	make(DT_NEEDED, "/opt/acme/lib/x.so");
	assert_true(needs("/bin/program", NULL));
}

static void test_flags(void **state)
{
	make(DT_RUNPATH, "/lib");
	assert_false(asked(0, "/bin/program", "/opt/acme/lib"));
	assert_true(asked(SNR_IMAGE_LIBRARIES | SNR_IMAGE_SYSTEM_LIBRARIES, "/bin/program", NULL));
}

/* Numbers that lead nowhere. */
static void test_broken(void **state)
{
	make(DT_RUNPATH, "/opt/acme/lib");
	file.tag[1].d_un.d_ptr = 0x10;
	assert_false(needs("/bin/program", NULL));
	make(DT_RUNPATH, "/opt/acme/lib");
	file.segment[1].p_offset = UINT64_MAX - 8;
	assert_false(needs("/bin/program", NULL));
	make(DT_RUNPATH, "/opt/acme/lib");
	file.tag[2].d_un.d_val = 100000;
	assert_true(needs("/bin/program", NULL)); /* who knows */
	make(DT_RUNPATH, "/opt/acme/lib");
	file.head.e_phnum = 0;
	assert_false(needs("/bin/program", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),  cmocka_unit_test(test_origin),
		cmocka_unit_test(test_paths),  cmocka_unit_test(test_flags),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests_name("libraries", tests, NULL, NULL);
}
