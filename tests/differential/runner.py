# SPDX-License-Identifier: MIT
"""One run of a script: build the world, start the exerciser, collect its log and the tree.

Used by the driver. Every run has a mount namespace of its own in which all but the world is
read-only: a wrong turn of a random rename must not reach the machine. It must never end a process
that it did not start.
"""
import ctypes
import os
import re
import shutil
import signal
import subprocess

import trees

CLONE_NEWNS = 0x20000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
TIMEOUT = 120
OVERLAY_OPTIONS = 'index=off,xino=off,metacopy=off,redirect_dir=off'
ENVIRONMENT = {'PATH': '/usr/bin:/bin', 'HOME': '/', 'LC_ALL': 'C'}
if 'SNAPREDIR_TEST_RUN' in os.environ:  # by which tests/run finds what is left behind
    ENVIRONMENT['SNAPREDIR_TEST_RUN'] = os.environ['SNAPREDIR_TEST_RUN']

libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, flags, kind=None, options=None):
    if libc.mount(*[text.encode() if text else None for text in (source, target, kind)], flags,
                  options.encode() if options else None) < 0:
        error = ctypes.get_errno()
        raise OSError(error, 'mount %s on %s: %s' % (source, target, os.strerror(error)))


class MountAttr(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ('set', 'clear', 'propagation', 'userns')]


def set_read_only(path, on, flags):
    """mount_setattr(2), Linux 5.12: the number is the same on every architecture. With AT_RECURSIVE
    for all that is mounted beneath, too: /dev/null is on a mount of its own."""
    attr = MountAttr(MOUNT_ATTR_RDONLY if on else 0, 0 if on else MOUNT_ATTR_RDONLY, 0, 0)
    if libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), flags, ctypes.byref(attr),
                    ctypes.sizeof(attr)) < 0:
        raise OSError(ctypes.get_errno(), 'mount_setattr', path)


def may_mount():
    """None, or why this process cannot set up the namespace of a run. A short-lived child tries."""
    pid = os.fork()
    if pid == 0:
        try:
            if libc.unshare(CLONE_NEWNS) < 0:
                os._exit(1)
            mount(None, '/', MS_REC | MS_PRIVATE)
            set_read_only('/', True, AT_RECURSIVE)
            os.close(os.open('/dev/null', os.O_WRONLY))
        except OSError:
            os._exit(2)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return (None, 'no permission for a mount namespace: run as root',
            'no mount_setattr(2), which Linux has since 5.12')[status]


class Config:
    """How to run: engine is None for the reference, 'native' and 'broken' are references too, the
    second with a rule left out: they test the tester."""

    def __init__(self, engine=None, form='dynamic', uid=0, strict=False):
        """FORM: of the exerciser, dynamic, static or 32."""
        self.engine, self.form, self.uid, self.strict = engine, form, uid, strict

    def is_reference(self):
        return self.engine in (None, 'native', 'broken')

    def name(self):
        return '%s %s as %s%s' % (self.engine or 'reference',
                                  self.form,
                                  'root' if self.uid == 0 else 'user',
                                  ' strict' if self.strict else '')

    def reference(self):
        return Config(None, self.form, self.uid)


class Result:
    def __init__(self, log, tree, status, errors):
        self.log, self.tree, self.status, self.errors = log, tree, status, errors


class Runner:
    def __init__(self, build, workdir):
        """BUILD holds bin/snapredir and differential/; WORKDIR is ours alone."""
        self.build, self.workdir = build, workdir
        # Only what is beneath top can be written; ".." leads from the root into it.
        self.top = os.path.join(workdir, 'm')
        self.root = os.path.join(self.top, 'm', 'r')
        self.rules_file = os.path.join(workdir, 'rules')

    def programs(self, form):
        tail = '' if form == 'dynamic' else '-' + form
        folder = os.path.join(self.build, 'differential')
        return os.path.join(folder, 'exerciser' + tail), os.path.join(folder, 'reporter' + tail)

    def write_rules(self, world):
        with open(self.rules_file, 'w') as f:
            for path, target in getattr(world, 'written', world.rules):
                kind = 'overlay' if path in world.overlays else 'bind'
                if path not in world.selves:
                    f.write('%s %s/%s %s/%s\n' % (kind, self.root, path, self.root, target))
                if path in world.frozen:
                    f.write('readonly %s/%s\n' % (self.root, path))
        os.chmod(self.rules_file, 0o644)

    def mount_overlay(self, path, target):
        """An overlayfs of PATH and above it TARGET, beside the world; its descriptor. The layers'
        mounts must still be writable: overlayfs keeps copies of them."""
        name = os.path.join(self.workdir, 'overlay', path.replace('/', '.'))
        point, work = name + '.merged', name + '.work'
        os.makedirs(point)
        os.makedirs(work)
        mount('overlay', point, 0, 'overlay', 'lowerdir=%s,upperdir=%s,workdir=%s,%s' % (
            os.path.join(self.root, path), os.path.join(self.root, target), work,
            OVERLAY_OPTIONS))
        return os.open(point, os.O_PATH)

    def isolate(self, world, config):
        """In the child: the namespace, the mounts, the user."""
        if libc.unshare(CLONE_NEWNS) < 0:
            raise OSError(ctypes.get_errno(), 'unshare')
        mount(None, '/', MS_REC | MS_PRIVATE)
        overlays = {}
        if config.is_reference():
            overlays = {path: self.mount_overlay(path, target) for path, target in world.rules
                        if path in world.overlays}
        mount(self.top, self.top, MS_BIND)
        set_read_only('/', True, AT_RECURSIVE)
        set_read_only(self.top, False, 0)
        if config.uid:  # who cannot change anything there; engines borrow directories of both
            set_read_only('/proc', False, 0)
            set_read_only('/sys', False, 0)
        os.chdir(self.root)
        if config.is_reference():
            points = world.mount_points()
            if config.engine == 'broken':
                points = points[:-1]
            targets = dict(world.rules)
            # Hold all targets before anything is mounted over them.
            held = {path: overlays[path] if path in overlays else
                    os.open(os.path.join(self.root, targets[path]), os.O_PATH)
                    for path, _, _ in points}
            for path, fd in held.items():
                point = os.path.join(self.root, path)
                mount('/proc/self/fd/%d' % fd, point, MS_BIND)
                os.close(fd)
                if path in overlays or path in world.frozen:
                    set_read_only(point, path in world.frozen, 0)
        if config.uid:
            os.setgroups([])
            os.setresgid(config.uid, config.uid, config.uid)
            os.setresuid(config.uid, config.uid, config.uid)

    def prepare(self, world, config, reporter):
        shutil.rmtree(self.top, ignore_errors=True)
        shutil.rmtree(os.path.join(self.workdir, 'overlay'), ignore_errors=True)
        os.umask(0o022)
        os.makedirs(self.root)
        os.chown(self.root, config.uid, config.uid)
        shutil.copy(reporter, os.path.join(os.path.dirname(self.root), 'prog'))
        trees.build(world, self.root, config.uid, reporter, config.is_reference())
        self.write_rules(world)

    def run(self, world, lines, config):
        exerciser, reporter = self.programs(config.form)
        self.prepare(world, config, reporter)
        command = [exerciser]
        if not config.is_reference():
            command = [os.path.join(self.build, 'bin', 'snapredir'), '-e', config.engine,
                       '-r', self.rules_file]
            if config.strict:
                command.append('--strict-resolution')
            command += ['--', exerciser]
        script = '\n'.join(lines).replace('%R', self.root) + '\n'
        out_path = os.path.join(self.workdir, 'log')
        status, errors = 0, b''
        with open(out_path, 'wb') as out:
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out,
                                     stderr=subprocess.PIPE, start_new_session=True,
                                     env=ENVIRONMENT,
                                     preexec_fn=lambda: self.isolate(world, config))
            try:
                errors = child.communicate(script.encode(), timeout=TIMEOUT)[1]
                status = child.returncode
            except subprocess.TimeoutExpired:
                status = 'timeout'
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.communicate()
        with open(out_path, 'rb') as f:
            log = f.read().decode('latin-1').replace(self.root, '%R')
        log = re.sub('/proc/[0-9]+', '/proc/PID', log).split('\n')
        return Result(log, trees.picture(world, self.top, self.root, config.is_reference()), status,
                      errors.decode('latin-1'))
