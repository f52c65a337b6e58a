/* SPDX-License-Identifier: MIT
 * Files that libc reads by itself: what its functions find in them, one group an argument.
 *     preload-files GROUP...
 * Run over bind mounts and under each engine. It must never print what differs from run to run.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fstab.h>
#include <gshadow.h>
#include <iconv.h>
#include <langinfo.h>
#include <libintl.h>
#include <locale.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <resolv.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include <utmpx.h>
#include <wordexp.h>

static const char *or_none(const char *text)
{
	return text ? text : "none";
}

static const char *address_of(const void *address, int family)
{
	static char text[INET6_ADDRSTRLEN];

	return or_none(inet_ntop(family, address, text, sizeof(text)));
}

static void print_host(const char *call, const struct hostent *host)
{
	printf("%s: %s %s\n", call, host ? host->h_name : "none",
	       host ? address_of(host->h_addr_list[0], host->h_addrtype) : "");
}

static void test_hosts(void)
{
	const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(4711)};
	char buffer[1024], host[256], service[256];
	struct hostent entry, *found = NULL;
	struct addrinfo *list;
	int error, herr;

	error = getaddrinfo("acmehost", "acmesvc", &hints, &list);
	printf("getaddrinfo: %s\n", error ? gai_strerror(error) : "found");
	if (!error) {
		const struct sockaddr_in *first = (const struct sockaddr_in *)(void *)list->ai_addr;

		printf("%s %d\n", address_of(&first->sin_addr, AF_INET), ntohs(first->sin_port));
		freeaddrinfo(list);
	}
	print_host("gethostbyname", gethostbyname("acmehost"));
	print_host("gethostbyname2", gethostbyname2("acmesix", AF_INET6));
	inet_pton(AF_INET, "127.9.8.7", &in.sin_addr);
	print_host("gethostbyaddr", gethostbyaddr(&in.sin_addr, sizeof(in.sin_addr), AF_INET));
	error = gethostbyname_r("acmealias", &entry, buffer, sizeof(buffer), &found, &herr);
	print_host("gethostbyname_r", error ? NULL : found);
	error = gethostbyname_r("acmealias", &entry, buffer, 4, &found, &herr);
	printf("gethostbyname_r with no room: %d\n", error == ERANGE);
	error = getnameinfo((struct sockaddr *)&in, sizeof(in), host, sizeof(host), service,
			    sizeof(service), 0);
	printf("getnameinfo: %s %s\n", error ? gai_strerror(error) : host, error ? "" : service);
	sethostent(1);
	print_host("gethostent", gethostent());
	endhostent();
	print_host("localhost is not in this file", gethostbyname("acmenone"));
}

static void test_databases(void)
{
	struct servent *service = getservbyname("acmesvc", "tcp");
	struct protoent *protocol;
	struct netent *net;
	struct rpcent *rpc;
	struct ether_addr ether;
	int n = 0;

	printf("getservbyname: %d\n", service ? ntohs(service->s_port) : -1);
	service = getservbyport(htons(4711), "tcp");
	printf("getservbyport: %s\n", service ? service->s_name : "none");
	setservent(0);
	while (getservent())
		n++;
	endservent();
	printf("getservent: %d of them\n", n);
	protocol = getprotobyname("acmeproto");
	printf("getprotobyname: %d\n", protocol ? protocol->p_proto : -1);
	protocol = getprotobynumber(250);
	printf("getprotobynumber: %s\n", protocol ? protocol->p_name : "none");
	net = getnetbyname("acmenet");
	printf("getnetbyname: %x\n", net ? net->n_net : 0);
	rpc = getrpcbyname("acmerpc");
	printf("getrpcbyname: %d\n", rpc ? rpc->r_number : -1);
	rpc = getrpcbynumber(4242);
	printf("getrpcbynumber: %s\n", rpc ? rpc->r_name : "none");
	printf("ether_hostton: %d\n", ether_hostton("acmehost", &ether));
	printf("innetgr: %d %d\n", innetgr("acmegroup", "acmehost", NULL, NULL),
	       innetgr("acmegroup", "other", NULL, NULL));
}

static void test_etc(void)
{
	struct fstab *fs = getfsfile("/opt/acme/disk");
	struct sgrp *group = getsgnam("acmes");
	const char *shell;

	printf("getfsfile: %s\n", fs ? fs->fs_spec : "none");
	setfsent();
	fs = getfsent();
	printf("getfsent: %s\n", fs ? fs->fs_file : "none");
	endfsent();
	printf("getsgnam: %s\n", group ? group->sg_passwd : "none");
	setusershell();
	while ((shell = getusershell()))
		printf("getusershell: %s\n", shell);
	endusershell();
}

static void test_lock(void)
{
	printf("lckpwdf: %d\n", lckpwdf());
	printf("ulckpwdf: %d\n", ulckpwdf());
}

static void test_resolver(void)
{
	printf("res_init: %d\n", res_init());
	printf("%d servers, first %s, search %s, ndots %d\n", _res.nscount,
	       address_of(&_res.nsaddr_list[0].sin_addr, AF_INET), or_none(_res.dnsrch[0]),
	       _res.ndots);
}

static void test_locale(void)
{
	locale_t own;

	printf("setlocale: %s\n", or_none(setlocale(LC_ALL, "acme.UTF-8")));
	printf("codeset: %s\n", nl_langinfo(CODESET));
	printf("strerror: %s\n", strerror(ENOENT));
	printf("gettext of libc's own: %s\n", dgettext("libc", "Permission denied"));
	printf("gettext of a domain: %s\n", dgettext("acme", "hello"));
	own = newlocale(LC_ALL_MASK, "acme2.UTF-8", (locale_t)0);
	printf("newlocale: %s\n", own ? nl_langinfo_l(CODESET, own) : "none");
	printf("setlocale of none: %s\n", or_none(setlocale(LC_ALL, "acmenone.UTF-8")));
}

static void test_iconv(void)
{
	iconv_t conversion = iconv_open("UTF-8", "ACME");
	char in[] = "\xa4", out[16] = "", *from = in, *to = out;
	size_t left = 1, room = sizeof(out);

	printf("iconv_open: %s\n", conversion == (iconv_t)-1 ? "refused" : "found");
	if (conversion == (iconv_t)-1)
		return;
	printf("iconv: %zu %s\n", iconv(conversion, &from, &left, &to, &room), out);
	iconv_close(conversion);
}

static void test_zone(void)
{
	const time_t when = 1000000000;
	char text[64];
	struct tm tm;

	printf("localtime: %d %s\n", localtime(&when)->tm_hour, localtime(&when)->tm_zone);
	tm = *localtime_r(&when, &tm);
	printf("localtime_r: %d\n", tm.tm_hour);
	printf("mktime: %lld\n", (long long)mktime(&tm));
	strftime(text, sizeof(text), "%F %T %Z", &tm);
	printf("strftime: %s\n", text);
	printf("ctime: %s", ctime(&when));
	setenv("TZ", "Acme/Other", 1);
	tzset();
	printf("tzset: %s %ld\n", tzname[0], timezone);
	setenv("TZ", ":/opt/acme/zone", 1);
	printf("by an absolute name: %d\n", localtime(&when)->tm_hour);
	unsetenv("TZ");
	printf("and back: %d\n", localtime(&when)->tm_hour);
}

static void test_logins(void)
{
	struct utmp entry = {.ut_type = USER_PROCESS,
			     .ut_pid = 4242,
			     .ut_line = "acme0",
			     .ut_id = "a0"};
	struct utmp *found;

	strcpy(entry.ut_user, "acme");
	setutent();
	printf("pututline: %d\n", pututline(&entry) != NULL);
	setutent();
	found = getutid(&entry);
	printf("getutid: %s\n", found ? found->ut_user : "none");
	setutent();
	found = getutline(&entry);
	printf("getutline: %s\n", found ? found->ut_user : "none");
	endutent();
	utmpname("/opt/acme/utmp");
	setutent();
	printf("pututline elsewhere: %d\n", pututline(&entry) != NULL);
	endutent();
	updwtmp("/var/log/wtmp", &entry);
	logwtmp("acme1", "acme", "acmehost");
}

static void test_syslog(void)
{
	openlog("acme", 0, LOG_USER);
	syslog(LOG_INFO, "hello %s %d", "world", 42);
	closelog();
}

static void print_words(const char *words, int flags)
{
	wordexp_t result;
	int error = wordexp(words, &result, flags);

	printf("%s: %d\n", words, error);
	if (error)
		return;
	for (size_t i = 0; i < result.we_wordc; i++)
		printf("    %s\n", result.we_wordv[i]);
	wordfree(&result);
}

static void test_words(void)
{
	setenv("ACME", "/opt/acme", 1);
	print_words("/opt/acme/*.txt $ACME/none*", 0);
	print_words("~acme/x", 0);
	print_words("$(cat /opt/acme/a.txt) `ls /opt/acme`", 0);
	print_words("$(cat /opt/acme/a.txt)", WRDE_NOCMD);
	clearenv();
	print_words("$(PATH=/bin:/usr/bin; cat /opt/acme/a.txt)", 0);
}

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{"hosts", test_hosts},   {"databases", test_databases}, {"etc", test_etc},
	{"locale", test_locale}, {"resolver", test_resolver},   {"iconv", test_iconv},
	{"zone", test_zone},     {"logins", test_logins},       {"syslog", test_syslog},
	{"words", test_words},   {"lock", test_lock},
};

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		for (size_t g = 0; g < sizeof(groups) / sizeof(*groups); g++)
			if (strcmp(argv[i], groups[g].name) == 0)
				groups[g].run();
	return 0;
}
