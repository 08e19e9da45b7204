"""A TCP relay in front of PostgreSQL that breaks connections at the worst moments."""
import select
import socket
import threading

from cluster import free_port


class Relay:
    """Relay((host, port)): connections to .port go there. .lose_answers = n: of the next n
    statements that the database answers, the answer is thrown away and the connection cut."""

    def __init__(self, target):
        self.port = free_port()
        self.lose_answers = 0
        self.lost = 0
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._lock = threading.Lock()
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                database = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            for end in (client, database):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open += [client, database]
            threading.Thread(target=self._carry, args=(client, database), daemon=True).start()

    def _loses(self, chunk):
        """CommandComplete of a SELECT: the statement, and with it the commit, is done."""
        if b"SELECT" not in chunk or b"Z\x00\x00\x00\x05I" not in chunk:
            return False
        with self._lock:
            if self.lose_answers == 0:
                return False
            self.lose_answers -= 1
            self.lost += 1
        return True

    def _carry(self, client, database):
        try:
            while True:
                for source in select.select([client, database], [], [])[0]:
                    chunk = source.recv(65536)
                    if not chunk or (source is database and self._loses(chunk)):
                        return
                    (database if source is client else client).sendall(chunk)
        except (OSError, ValueError):
            pass
        finally:
            client.close()
            database.close()
