"""PgBouncer in transaction mode, with two connections for all."""
import contextlib
import os
import socket
import subprocess

from waiting import wait_until


@contextlib.contextmanager
def pgbouncer(folder, server):
    """Its port. server: keywords of a connection, among them the user that whoever comes is there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = folder / "pgbouncer.ini"
    settings.write_text(f"""[databases]
masking = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
server_login_retry = 1
""")
    # It does not run as root; and its user may not look into root's folders, but reads what it was given.
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    with open(folder / "pgbouncer.log", "wb") as log, open(settings, "rb") as file:
        process = subprocess.Popen(["/usr/sbin/pgbouncer", "/dev/stdin"], stdin=file, stdout=log, stderr=log, **user)
    try:
        wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, what="PgBouncer")
        yield port
    finally:
        process.kill()  # from 1.23 on SIGTERM waits for the clients to leave
        process.wait(timeout=60)
