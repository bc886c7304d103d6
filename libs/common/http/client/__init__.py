"""An HTTP/1.1 client for calls between our own processes: kept connections, bytes as they come, and nothing else.

It knows no redirects, cookies, proxies or compression, and repeats nothing: what may be repeated, its callers know. A
general client spends more on a request than the gateway does on everything else. An answer that does not end where
its head says, or is followed by anything, costs the connection.
"""
