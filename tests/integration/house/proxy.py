"""An HTTP proxy as networks have them: CONNECT to names that it alone knows, counted, and for whom it likes."""

import base64
import selectors
import socket
import socketserver
import threading


class Proxy:
    def __init__(self, **known):
        """`known`: the ports of this machine that names stand for."""
        self.known = known
        self.heads = []  # of the requests, as they came
        self.login = None  # (user, password), when it asks for these
        self.refusal = None  # a status line in place of "200 …"
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                proxy.serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def names(self):
        """Whom it was asked for, each as often as that."""
        return [head.split()[1] for head in self.heads]

    def answer(self, head):
        if self.refusal:
            return self.refusal
        wanted = self.login and base64.b64encode(":".join(self.login).encode()).decode()
        if wanted and f"\r\nProxy-Authorization: Basic {wanted}\r\n" not in head:
            return "407 Proxy Authentication Required"
        name, _, port = head.split()[1].rpartition(":")
        return "200 Connection established" if str(self.known.get(name)) == port else "502 Bad Gateway"

    def serve(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            data = client.recv(4096)
            if not data:
                return
            head += data
        self.heads.append(head.decode())
        answer = self.answer(head.decode())
        if not answer.startswith("200 "):
            page = f"<html><body><h1>{answer}</h1></body></html>\n"
            client.sendall(f"HTTP/1.1 {answer}\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n{page}".encode())
            return
        client.sendall(f"HTTP/1.1 {answer}\r\n\r\n".encode())
        name = head.split()[1].decode().rpartition(":")[0]
        with socket.create_connection(("127.0.0.1", self.known[name])) as server, selectors.DefaultSelector() as both:
            both.register(client, selectors.EVENT_READ, server)
            both.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in both.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    key.data.sendall(data)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
