"""As much of S3 as the state of Terraform, rclone, restic and s3cmd need, on loopback."""

import http.server
import re
import threading
import urllib.parse


class Bucket:
    """Keeps what is put, until the end of the with statement, and who asked (access key ids)."""

    def __init__(self, name="state"):
        self.name, self.objects, self.keys, self.problems = name, {}, [], []

    def __enter__(self):
        bucket = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                bucket.handle(self)

            do_GET = do_PUT = do_HEAD = do_DELETE = do

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def handle(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        signed = re.match(r"AWS4-HMAC-SHA256 Credential=(\w+)/",
                          request.headers.get("Authorization", ""))
        if not signed or not request.headers.get("X-Amz-Security-Token"):
            self.problems.append(f"{request.command} {request.path} is not signed by a session")
            return self.answer(request, 403, "<Error><Code>AccessDenied</Code></Error>")
        self.keys.append(signed[1])
        url = urllib.parse.urlsplit(request.path)
        path, query = urllib.parse.unquote(url.path), urllib.parse.parse_qs(url.query, True)
        if path.rstrip("/") == "/" + self.name and "location" in query:
            return self.answer(request, 200, "<LocationConstraint>eu-west-1</LocationConstraint>")
        if path.rstrip("/") == "/" + self.name and request.command in ("GET", "HEAD"):
            return self.answer(request, 200, "<ListBucketResult><KeyCount>0</KeyCount>"
                               "<IsTruncated>false</IsTruncated></ListBucketResult>")
        if request.command == "PUT":
            self.objects[path] = self.content(request, body)
            return self.answer(request, 200, "")
        if request.command == "DELETE":
            self.objects.pop(path, None)
            return self.answer(request, 204, "")
        if path not in self.objects:
            return self.answer(request, 404, "<Error><Code>NoSuchKey</Code></Error>")
        return self.answer(request, 200, self.objects[path])

    @staticmethod
    def content(request, body):
        if "aws-chunked" not in request.headers.get("Content-Encoding", ""):
            return body
        content = b""
        while body:
            size, _, body = body.partition(b"\r\n")
            count = int(size.split(b";")[0], 16)
            if count == 0:
                break
            content, body = content + body[:count], body[count + 2:]
        return content

    @staticmethod
    def answer(request, status, text):
        body = text.encode() if isinstance(text, str) else text
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Content-Type", "application/xml")
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)
