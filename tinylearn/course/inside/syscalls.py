"""A filter on system calls: what no answer to an exercise needs is refused by the kernel.

    install()               from now on, for this process and all its children; True if in force
    install(pretend=OWN)    and what changes a file's owner, permissions or times does nothing

A second wall behind the sandbox's first: no other process and no other program, no sockets, no
namespaces or mounts, no memory or limits of other processes, and no memory that limits do not count
(memfd, System V). Linux on x86-64 and arm64;
elsewhere nothing happens. The filter is a small program of the kernel's own BPF machine.
"""

from __future__ import annotations

import ctypes
import platform
import struct

# name -> number on x86-64, number on arm64
DENIED: dict[str, tuple[int, int | None]] = {
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119), "sched_setaffinity": (203, 122), "sched_setattr": (314, 274),
    "socket": (41, 198), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "shmget": (29, 194), "shmat": (30, 196), "msgget": (68, 186), "semget": (64, 190),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438), "kcmp": (312, 272), "unshare": (272, 97), "setns": (308, 268),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "reboot": (169, 142), "swapon": (167, 224), "acct": (163, 89),
    "quotactl": (179, 60), "personality": (135, 92),
}  # fmt: skip
# Landlock forbids none of these, and an answer that runs as the grader's own user owns its files.
# They seem to work, so that copying a file in the scratch folder does.
OWN: dict[str, tuple[int, int | None]] = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "file_setattr": (469, 469),
}  # fmt: skip
MACHINES = {"x86_64": (0, 0xC000003E, 56), "aarch64": (1, 0xC00000B7, 220)}  # column, arch, clone
CLONE3 = 435  # its flags lie in memory, out of a filter's sight: "not implemented", use clone
NAMESPACES = 0x7E020000  # the flags of clone that make a new namespace
THREAD = 0x00010000  # the flag of clone that makes a thread: without it, a process
PRLIMIT = {"x86_64": 302, "aarch64": 261}  # allowed for this process, 0

LOAD, EQUAL, ANY_BIT, AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000  # REFUSE + the error's number
NOT_PERMITTED, NOT_IMPLEMENTED = 1, 38


def program(
    machine: str, pretend: dict[str, tuple[int, int | None]]
) -> list[tuple[int, int, int, int]]:
    """The filter as (code, jump if true, jump if false, operand)."""
    column, architecture, clone = MACHINES[machine]
    steps = [
        (LOAD, 0, 0, 4),  # which architecture's numbers are meant
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0),  # the number of the call
        (AT_LEAST, 0, 1, 0x40000000),  # x32: other numbers for the same calls
        (RETURN, 0, 0, KILL),
    ]
    for number in sorted({n for both in DENIED.values() if (n := both[column]) is not None}):
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE + NOT_PERMITTED)]
    for number in sorted({n for both in pretend.values() if (n := both[column]) is not None}):
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]  # with error 0: as if done
    steps += [
        (EQUAL, 0, 1, CLONE3),
        (RETURN, 0, 0, REFUSE + NOT_IMPLEMENTED),
        (EQUAL, 0, 3, PRLIMIT[machine]),
        (LOAD, 0, 0, 16),  # its first argument: the process
        (EQUAL, 6, 0, 0),
        (RETURN, 0, 0, REFUSE + NOT_PERMITTED),
        (EQUAL, 0, 4, clone),
        (LOAD, 0, 0, 16),  # its first argument: the flags
        (ANY_BIT, 1, 0, NAMESPACES),
        (ANY_BIT, 1, 0, THREAD),
        (RETURN, 0, 0, REFUSE + NOT_PERMITTED),
        (RETURN, 0, 0, ALLOW),
    ]
    return steps


def install(pretend: dict[str, tuple[int, int | None]] | None = None) -> bool:
    """Put the filter in force for this process; False where the system has none.

    pretend   calls that do nothing and say that they did
    """
    machine = platform.machine()
    if (
        platform.system() != "Linux"
        or machine not in MACHINES
        or ctypes.sizeof(ctypes.c_void_p) != 8
    ):
        return False
    steps = program(machine, pretend or {})
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    described = struct.pack("=HxxxxxxQ", len(steps), ctypes.addressof(code))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_ulong]
    if prctl(38, 1, None, 0, 0) != 0:  # no new privileges: else the kernel refuses a filter
        return False
    return bool(prctl(22, 2, described, 0, 0) == 0)
