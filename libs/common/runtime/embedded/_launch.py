"""A script, never imported: becomes a server that ends with its parent and does not run as root.

It exists because the same work between fork and exec (`preexec_fn`) can deadlock a parent that has threads.
Usage: python _launch.py <parent pid> <death signal> <same|userns|uid:gid> <program> [argument...]
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
MAPPED_ID = 1000


def enter_user_namespace() -> None:
    """Look like an ordinary user to ourselves while files stay owned by the caller; like `unshare --map-user`."""
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        sys.exit(f"user namespaces are refused here: {os.strerror(ctypes.get_errno())}")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{MAPPED_ID} {uid} 1"),
        ("gid_map", f"{MAPPED_ID} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as control:
            control.write(text)


def main() -> None:
    parent, death_signal, identity, *command = sys.argv[1:]
    # A parent started with `nohup` or `&` ignores SIGINT, and a child inherits that.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if identity == "userns":
        enter_user_namespace()
    elif identity != "same":
        uid, gid = (int(part) for part in identity.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of identity, which would clear it.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != int(parent):
        sys.exit("the parent ended while this was starting")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
