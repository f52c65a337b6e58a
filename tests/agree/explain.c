/* SPDX-License-Identifier: MIT
 * The launcher's answers, as --explain gives them, to many questions at once: paths, one a line, on
 * standard input. Run under engine preload by tests/integration/agree.py, whose rules it takes from
 * the image that the launcher left for the shim. It must never ask the shim itself.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "launcher/explain.h"

static const struct snr_image *map_image(void)
{
	const char *value = getenv(SNR_IMAGE_ENV);
	int fd = value ? atoi(value) : -1;
	struct stat st;
	void *image;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return image != MAP_FAILED && !snr_image_check(image, (size_t)st.st_size) ? image : NULL;
}

int main(void)
{
	const struct snr_image *image = map_image();
	char path[SNR_PATH_MAX + 1];

	if (!image) {
		fputs("no image of rules: run this under snapredir -e preload\n", stderr);
		return 1;
	}
	while (fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = '\0';
		if (explain_path(image, path) < 0)
			return 1;
	}
	return 0;
}
