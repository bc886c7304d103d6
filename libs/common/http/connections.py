"""How long connections live, so that a server may stop without one request falling between two processes.

The rules between a server that stops and its clients (ADR 0013):

1. A stopping server takes no new connection. Where a supervisor holds the listening socket, connections wait in its
   backlog for the next process; else those in the backlog are still taken in.
2. Every answer that begins from now on bears `Connection: close`, so no client uses that connection again.
3. An idle connection is not closed at once, since a request may be on its way over it. It stays for `DRAIN_SECONDS`,
   and a request that arrives meanwhile is answered.
4. Our own clients never use a connection that was idle for `CLIENT_IDLE_SECONDS`, which is shorter: none of their
   requests can meet a connection that closes.
"""

CLIENT_IDLE_SECONDS = 2.0
DRAIN_SECONDS = 3
