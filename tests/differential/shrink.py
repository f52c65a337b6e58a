# SPDX-License-Identifier: MIT
"""From thousands of operations that differ to the few that matter, and how to show them.

Used by the driver. Delta debugging over the lines of the script: any subset of them is a script.
"""
import re

LONGEST = 160
MOST_SHOWN = 40
# What changes nothing for the operations that follow.
LOOKS = frozenset('stat lstat fstatat statx fstat access faccessat statfs readlink getcwd realpath '
                  'list listslot scandir glob nftw inotify getxattr lgetxattr fdname exec system '
                  'fork chroot connect search actions fts where statvfs'.split())
TREES = 'the trees left behind'
CHAIN = re.compile('/chain[0-9]+$')  # no slash behind: the mark of a directory is missing


def both(work, world, lines, config):
    return work.run(world, lines, config.reference()), work.run(world, lines, config)


def answers(log):
    """What each operation printed, by its number; a child's lines belong to its parent's."""
    found, pending = {}, []
    for text in log:
        head = text.split(' ', 1)[0]
        if head.isdigit() and ' child' not in text:
            found[int(head)] = '\n'.join(pending + [text])
            pending = []
        elif text == 'end':
            found['end'] = text
        else:
            pending.append(text)
    return found


def is_error(text):
    """Did the operation fail, and nothing else happen?"""
    return re.fullmatch(r'\d+ E[A-Z0-9]+', text) is not None


def gist(text):
    """The result without the names in it."""
    words = [w for w in text.split(' ')[1:] if '/' not in w and "'" not in w and not w.isdigit()]
    return ' '.join(words[:6])[:60] or '(names)'


def is_given_up(world, kind, a, b):
    """Two errors, the reference's and ours, whose difference is said to be given up."""
    # A socket's name that meets a loop of links below a rule is refused before the kernel looks at
    # the other arguments.
    if kind in ('bind', 'connect', 'send', 'message') and b == 'ELOOP' and a in ('EINVAL', 'EBADF'):
        return True
    # Where the parents of a rule are not on the disk, nothing can be made in them: the reference
    # says EACCES, what stands in for them may have another reason, or another file system.
    return bool(world.made) and (
        a in ('EACCES', 'EPERM') and b in ('EACCES', 'EPERM', 'EROFS', 'ENOENT') or
        b == 'EXDEV' and kind in ('rename', 'link', 'publish') or
        (a, b) in (('ENODATA', 'EOPNOTSUPP'), ('ENAMETOOLONG', 'ENOENT')))


def is_tolerated(world, kind, a, b):
    """Do the reference's text and ours differ in nothing but errors that are given up?"""
    a, b = a.split(' '), b.split(' ')
    # nftw ends at the first directory that it may not open: what it met before is a matter of the
    # order on the disk, where only the reference has the paths of rules.
    if kind == 'nftw' and world.missing and a[1] == b[1] and is_error(' '.join(a[:2])):
        return True
    # At the 40th link: libc's glob asks for a link from its directory, and for the mark by the whole
    # name; with the functions of a shim (GLOB_ALTDIRFUNC) it has the whole name for both.
    if kind == 'glob':
        a, b = ([w for w in words if not CHAIN.search(w)] for words in (a, b))
    return len(a) == len(b) and all(
        x == y or is_error('0 ' + x) and is_error('0 ' + y) and is_given_up(world, kind, x, y)
        for x, y in zip(a, b))


def differences(world, lines, expected, got):
    """What kinds of difference there are, as pairs (kind, number of the operation), in order. The
    comparison goes on after what only looks and after two errors that differ: they change nothing."""
    found = []
    wanted, given = answers(expected.log), answers(got.log)
    for line in lines:
        number, _, kind = line.split('\t')[:3]
        number = int(number)
        a, b = wanted.get(number), given.get(number)
        if a == b or a and b and is_tolerated(world, kind, a, b):
            continue
        if b is None:
            return found + [('%s: ended early, status %s' % (kind, got.status), number)]
        if a is None:
            return found + [('%s: the reference says nothing' % kind, number)]
        x, y = gist(a), gist(b)
        found.append(('%s: %s expected, %s got' % (kind, x, y if x != y else 'another'), number))
        if kind not in LOOKS and not (is_error(a) and is_error(b)):
            return found
    if expected.tree != got.tree and not found:
        found.append((TREES, None))
    if expected.status != got.status:
        found.append(('status %s, not %s' % (got.status, expected.status), None))
    return found


def kinds(world, lines, expected, got):
    return [kind for kind, _ in differences(world, lines, expected, got)]


def shrink(work, world, lines, config, prologue, goal):
    """The shortest script found that still has the difference GOAL = (kind, number)."""
    kind, number = goal
    head, body = lines[:prologue], lines[prologue:]
    if not body:  # a saved script
        return lines
    last = []
    if number is not None:
        at = next(n for n, line in enumerate(body) if int(line.split('\t', 1)[0]) == number)
        body, last = body[:at], body[at:at + 1]

    def fails(candidate):
        script = head + candidate + last
        return kind in kinds(world, script, *both(work, world, script, config))

    if not fails(body):
        return None
    size = max(1, len(body) // 2)
    while body:
        at, removed = 0, False
        while at < len(body):
            candidate = body[:at] + body[at + size:]
            if fails(candidate):
                body, removed = candidate, True
            else:
                at += size
        if size == 1 and not removed:
            break
        size = max(1, min(size // 2, len(body)))
    return head + body + last


def shorten(text):
    return text if len(text) <= LONGEST else text[:LONGEST] + '...'


def readable(line):
    number, api, kind, *args = line.split('\t')
    return '%s %s %s(%s)' % (number, 'syscall' if api == 'S' else 'libc', kind,
                             ', '.join(shorten(a) for a in args))


def up_to(lines, number):
    for n, line in enumerate(lines):
        if int(line.split('\t', 1)[0]) == number:
            return lines[:n + 1]
    return lines


def side_by_side(title, lines, expected, got, number):
    """The operations up to NUMBER with what both runs printed, and how the trees differ."""
    out = ['--- ' + title]
    wanted, given = answers(expected.log), answers(got.log)
    shown = up_to(lines, number)
    if len(shown) > MOST_SHOWN:
        out.append('  (the last %d of %d operations)' % (MOST_SHOWN, len(shown)))
    for line in shown[-MOST_SHOWN:]:
        number, _, kind = line.split('\t')[:3]
        a, b = (log.get(int(number), '(nothing)') for log in (wanted, given))
        if kind in ('protect', 'nodirlinks', 'norootdirs', 'keepsearch') and a == b:
            continue
        out.append('  ' + readable(line))
        if a == b:
            out.append('      both     ' + shorten(a))
        else:
            out.append('      expected ' + a.replace('\n', '\n               '))
            out.append('      got      ' + b.replace('\n', '\n               '))
    unlike = [path for path in sorted(set(expected.tree) | set(got.tree))
              if expected.tree.get(path) != got.tree.get(path)]
    for path in unlike[:20]:
        out.append('  left behind %s\n      expected %s\n      got      %s' % (
            path, expected.tree.get(path), got.tree.get(path)))
    if got.status != expected.status:
        out.append('  status %s, expected %s' % (got.status, expected.status))
    if got.errors != expected.errors:
        out.append('  said: ' + shorten(got.errors.strip()))
    return '\n'.join(out)
