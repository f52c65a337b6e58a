/* SPDX-License-Identifier: MIT
 * What will be executed: ELF files told apart, #! lines unrolled as the kernel does it.
 */
#include "tests/unit/fake.h"

#include <elf.h>
#include <fcntl.h>

static const struct pair rules[] = {{"/opt/acme", "/snap/a"}};

/* Two program headers' worth of a 64-bit ELF file with an interpreter, made by main(). */
static char far_elf[512], glibc_elf[512], musl_elf[512], static_elf[512];

static const struct node nodes[] = {
	{"/bin", "d"},
	{"/bin/sh", glibc_elf},
	{"/bin/script", "#!/bin/sh\n"},
	{"/bin/far_elf", far_elf},
	{"/snap/a/ld.so", static_elf},
	{"/snap/a/on_far", "#!/bin/far_elf x\n"},
	{"/bin/far", "#!/opt/acme/run -a  b \n"},
	{"/bin/cut", "#!/bin/sh "},
	{"/snap", "d"},
	{"/snap/a", "d"},
	{"/snap/a/elf", static_elf},
	{"/snap/a/musl", musl_elf},
	{"/snap/a/ld-linux-x86-64.so.2", static_elf},
	{"/snap/a/ld-2.31.so", static_elf},
	{"/snap/a/ld-musl-x86_64.so.1", static_elf},
	{"/snap/a/script", "#! /bin/sh\t-e\n"},
	{"/snap/a/run", "#!/opt/acme/elf x\n"},
	{"/snap/a/nested", "#!/opt/acme/run\n"},
	{"/proc/self/cwd/nested", "#!/opt/acme/run\n"},
	{"/snap/a/loop", "#!/opt/acme/loop\n"},
	{"/snap/a/none", "#!/opt/acme/missing\n"},
	{"/snap/a/empty", "#!  \n"},
	{"/snap/a/text", "hello"},
};

static long read_file(void *context, const char *path, uint64_t offset, void *out, size_t size)
{
	const char *is = world_find(context, path);
	size_t length;

	if (!is)
		return -ENOENT;
	length = is[0] == '\177' ? sizeof(glibc_elf) : strlen(is);
	if (offset >= length)
		return 0;
	if (size > length - offset)
		size = length - offset;
	memcpy(out, is + offset, size);
	return (long)size;
}

static struct snr_exec_plan plan;

static const char *run(const char *path)
{
	struct image image = fake_image(rules, COUNT(rules));
	struct world world = {nodes, COUNT(nodes), "/snap/a", "/snap/a", 0};
	struct snr_redirector redirector = {.image = image.mapped, .host = world_host(&world)};
	struct snr_lookup lookup = {.follow = true};
	static struct snr_scratch scratch;
	static char words[SNR_PATH_MAX];
	const char *front[SNR_EXEC_FRONT];
	int n;

	snr_plan_exec(&redirector, &scratch, read_file, AT_FDCWD, AT_FDCWD, path, strlen(path),
		      lookup, &plan);
	words[0] = '\0';
	n = snr_exec_argv(&plan, front);
	for (int i = 0; i < n; i++) {
		strcat(words, "|");
		strcat(words, front[i] ? front[i] : "(argv[0])");
	}
	image_free(&image);
	return words;
}

static void test_elf(void **state)
{
	assert_string_equal(run("/opt/acme/elf"), "");
	assert_true(plan.changed);
	assert_string_equal(plan.real, "/snap/a/elf");
	assert_int_equal(plan.kind, SNR_EXEC_STATIC);
	assert_int_equal(plan.elf_class, ELFCLASS64);
	assert_int_equal(plan.machine, EM_X86_64);
	run("/opt/acme/musl");
	assert_int_equal(plan.kind, SNR_EXEC_DYNAMIC);
	assert_int_equal(plan.libc, SNR_LIBC_OTHER);
	run("/bin/sh");
	assert_false(plan.changed);
	assert_int_equal(plan.kind, SNR_EXEC_DYNAMIC);
	assert_int_equal(plan.libc, SNR_LIBC_GLIBC);
}

/* They have no interpreter, but what they load is a dynamic program. */
static void test_loaders(void **state)
{
	run("/opt/acme/ld-linux-x86-64.so.2");
	assert_int_equal(plan.kind, SNR_EXEC_DYNAMIC);
	assert_int_equal(plan.libc, SNR_LIBC_GLIBC);
	run("/opt/acme/ld-2.31.so");
	assert_int_equal(plan.kind, SNR_EXEC_DYNAMIC);
	assert_int_equal(plan.libc, SNR_LIBC_GLIBC);
	run("/opt/acme/ld-musl-x86_64.so.1");
	assert_int_equal(plan.kind, SNR_EXEC_DYNAMIC);
	assert_int_equal(plan.libc, SNR_LIBC_OTHER);
}

/* A loader under a rule is executed with the program as its argument; /lib64's is the kernel's
 * business. */
static void test_loader(void **state)
{
	assert_string_equal(run("/bin/far_elf"), "|/opt/acme/ld.so|/bin/far_elf");
	assert_true(plan.changed);
	assert_string_equal(plan.real, "/snap/a/ld.so");
	assert_int_equal(plan.kind, SNR_EXEC_DYNAMIC);
	assert_int_equal(plan.libc, SNR_LIBC_GLIBC);
	assert_string_equal(run("/snap/a/on_far"),
			    "|/opt/acme/ld.so|/bin/far_elf|x|/snap/a/on_far");
}

static void test_scripts(void **state)
{
	assert_string_equal(run("/bin/script"), "");
	assert_false(plan.changed);
	assert_int_equal(plan.kind, SNR_EXEC_DYNAMIC);
	assert_string_equal(run("/opt/acme/script"), "|/bin/sh|-e|/opt/acme/script");
	assert_string_equal(plan.real, "/bin/sh");
	assert_string_equal(run("/bin/far"), "|/opt/acme/elf|x|/opt/acme/run|-a  b|/bin/far");
	assert_string_equal(plan.real, "/snap/a/elf");
	assert_string_equal(run("/opt/acme/nested"),
			    "|/opt/acme/elf|x|/opt/acme/run|/opt/acme/nested");
	assert_string_equal(run("nested"), "|/opt/acme/elf|x|/opt/acme/run|nested");
	assert_string_equal(run("/bin/cut"), "");
}

static void test_bad_scripts(void **state)
{
	run("/opt/acme/loop");
	assert_int_equal(plan.error, -ELOOP);
	run("/opt/acme/none"); /* the kernel says ENOENT of the interpreter */
	assert_int_equal(plan.error, 0);
	assert_string_equal(plan.real, "/snap/a/missing");
	run("/opt/acme/empty");
	assert_int_equal(plan.nshebang, 0);
	run("/opt/acme/text");
	assert_int_equal(plan.kind, SNR_EXEC_UNKNOWN);
	run("/opt/acme/absent");
	assert_int_equal(plan.error, 0);
	run("");
	assert_false(plan.changed);
}

static void make_elf(char *out, const char *interpreter)
{
	Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			     .e_type = ET_DYN,
			     .e_machine = EM_X86_64,
			     .e_phoff = sizeof(header),
			     .e_phentsize = sizeof(Elf64_Phdr),
			     .e_phnum = interpreter ? 2 : 1};
	Elf64_Phdr segment[2] = {{.p_type = PT_LOAD}, {.p_type = PT_INTERP, .p_offset = 300}};

	memcpy(out, &header, sizeof(header));
	if (interpreter) {
		segment[1].p_filesz = strlen(interpreter) + 1;
		strcpy(out + 300, interpreter);
	}
	memcpy(out + sizeof(header), segment, sizeof(segment));
}

static void test_kernel_releases(void **state)
{
	(void)state;
	assert_true(snr_exec_names_file("6.14.0-29-generic"));
	assert_true(snr_exec_names_file("6.18.44"));
	assert_true(snr_exec_names_file("7.0-rc1"));
	assert_true(snr_exec_names_file("10.2"));
	assert_false(snr_exec_names_file("6.13.9"));
	assert_false(snr_exec_names_file("5.15.0"));
	assert_false(snr_exec_names_file("6.1"));
	assert_false(snr_exec_names_file("strange"));
	assert_false(snr_exec_names_file("6"));
	assert_false(snr_exec_names_file(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elf),         cmocka_unit_test(test_loaders),
		cmocka_unit_test(test_loader),      cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_bad_scripts), cmocka_unit_test(test_kernel_releases),
	};

	make_elf(glibc_elf, "/lib64/ld-linux-x86-64.so.2");
	make_elf(far_elf, "/opt/acme/ld.so");
	make_elf(musl_elf, "/lib/ld-musl-x86_64.so.1");
	make_elf(static_elf, NULL);
	return cmocka_run_group_tests_name("exec", tests, NULL, NULL);
}
