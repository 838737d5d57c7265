"""A web server on this machine that answers well, badly or not at all; and files for it."""

import http.server
import threading

import numpy as np


class Mirror:
    """A server on this machine: `files` by name, `manner` of answering, `asked` so far."""

    def __init__(self, files: dict[str, bytes]):
        self.files, self.manner, self.asked = files, "well", []
        self.over = threading.Event()  # ends the answers that hang
        self.together = threading.Barrier(2, timeout=20)
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.asked.append(self.path)
                content = mirror.files.get(self.path.strip("/"))
                if content is None:
                    return self.send_error(404)
                getattr(mirror, mirror.manner)(self, content)

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *who: None  # a client that hung up
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def begin(self, request, length):
        request.send_response(200)
        request.send_header("Content-Length", str(length))
        request.end_headers()

    def well(self, request, content):
        self.begin(request, len(content))
        request.wfile.write(content)

    def well_to_two_at_once(self, request, content):
        self.together.wait()
        self.well(request, content)

    def cut_off(self, request, content):
        self.begin(request, len(content))
        request.wfile.write(content[: len(content) // 2])

    def too_long(self, request, content):
        self.begin(request, 2 * len(content))
        request.wfile.write(content * 2)

    def with_a_login_page(self, request, content):
        self.well(request, b"<html>Please log in</html>")

    def with_one_wrong_byte(self, request, content):
        self.well(request, b"!" + content[1:])

    def never(self, request, content):
        self.over.wait(20)

    def never_after_half(self, request, content):
        self.cut_off(request, content)
        request.wfile.flush()
        self.over.wait(20)

    def drop_by_drop(self, request, content):
        self.begin(request, len(content))
        while not self.over.wait(0.02):
            request.wfile.write(b"x")

    def with_nonsense(self, request, content):
        request.wfile.write(b"nonsense\r\n\r\n")


def idx(array: np.ndarray, code: int = 0x08) -> bytes:
    """An IDX file, not yet gzipped."""
    shape = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, code, array.ndim]) + shape + array.tobytes()
