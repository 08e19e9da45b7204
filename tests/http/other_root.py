"""Starts a server with a root directory of its own, which has what the machine's has and
more: for files that an HTTP library might look for where no test may write."""
import os
import shutil

import pytest

PASSWORD_FILE = {".htpasswd": "nobody:masking.example.com:0\n"}

needs_other_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"),
    reason="needs a mount namespace with a root directory of its own")


def into_other_root(root, files):
    """The command to put before the server's. root is made; files: name to content."""
    root.mkdir()
    for name, content in files.items():
        (root / name).write_text(content)
    enter = ['set -e', 'root=$1', 'shift']
    for name in sorted(os.listdir("/")):
        if os.path.islink("/" + name):
            (root / name).symlink_to(os.readlink("/" + name))
        elif os.path.isdir("/" + name) and name not in ("lost+found", "boot", "media", "mnt"):
            (root / name).mkdir()
            enter.append(f'mount --rbind "/{name}" "$root/{name}"')
    enter.append('exec chroot "$root" "$@"')
    return ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", "\n".join(enter),
            "sh", str(root)]
