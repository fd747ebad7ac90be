#!/usr/bin/env python3
"""A camera's ONVIF side for tests, on loopback: answers WS-Discovery and tells the address of a stream. The stream itself is somebody else's.

    device.py --stream rtsp://127.0.0.1:PORT/live [--user U --password P] [--http-digest] [--clock-off SECONDS] [--kind good|hostile|huge|redirect|garbage]

Prints `listening UDP HTTP` once it answers. Checks PasswordDigest as ONVIF Core 5.9 asks: right digest, a message not older than 5 s by the device's own
clock, a nonce that was not there before; with `--http-digest` it wants HTTP Digest (RFC 7616) instead. Names its media service and its stream at a host that is not there, as cameras do that once had another address.
`hostile` answers the search with garbage, an entity bomb, other devices' addresses and a thousand answers; the others answer questions so.
"""
import argparse
import base64
import datetime
import hashlib
import html
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

ELSEWHERE = "192.0.2.1"
NONCE = "a1b2c3d4"
SOAP = '<?xml version="1.0"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:t="http://www.onvif.org/ver10/schema">{}</e:Envelope>'
BOMB = '<!DOCTYPE a [<!ENTITY b "c">' + "".join(f'<!ENTITY b{n} "{"&b" + str(n - 1) + ";" if n else "c"}">' for n in range(50)) + "]><a>&b49;</a>"


def body(text):
    return SOAP.format(f"<e:Body>{text}</e:Body>")


def matches(address, scopes):
    return body(
        "<d:ProbeMatches xmlns:d='http://schemas.xmlsoap.org/ws/2005/04/discovery'><d:ProbeMatch><d:Types>dn:NetworkVideoTransmitter</d:Types>"
        f"<d:Scopes>{scopes}</d:Scopes><d:XAddrs>{address}</d:XAddrs></d:ProbeMatch></d:ProbeMatches>"
    ).encode()


def answer_search(sock, port, kind):
    own = matches(
        f"http://{ELSEWHERE}/onvif/device_service http://127.0.0.1:{port}/onvif/device_service",
        "onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Simpang%20Utara%1b[31m onvif://www.onvif.org/hardware/UJI-2CD",
    )
    while True:
        question, who = sock.recvfrom(65535)
        if b"NetworkVideoTransmitter" not in question:
            continue
        sock.sendto(own, who)
        if kind == "hostile":
            for junk in [b"", b"\x00\xff" * 500, b"<", BOMB.encode(), b"<a>" * 21000, b"<a " + b" ".join(b"a%d=''" % n for n in range(5000)) + b"/>"]:
                sock.sendto(junk, who)
            for n in range(1000):
                sock.sendto(matches(f"http://192.0.2.{n % 250}/onvif/device_service", ""), who)


class Device(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.server.options.clock_off)

    def say(self, status, text, headers=()):
        content = text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/soap+xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def is_allowed(self, text):
        options = self.server.options
        if options.user is None:
            return True
        if options.http_digest:
            return self.has_http_digest()
        found = [re.search(rf"<(?:\w+:)?{name}(?:\s[^>]*)?>([^<]*)<", text) for name in ("Username", "Password", "Nonce", "Created")]
        if not all(found):
            return False
        user, digest, nonce, created = (html.unescape(one.group(1)) for one in found)
        age = abs((self.now() - datetime.datetime.fromisoformat(created.replace("Z", "+00:00"))).total_seconds())
        raw = base64.b64decode(nonce)
        right = base64.b64encode(hashlib.sha1(raw + created.encode() + options.password.encode()).digest()).decode()
        fresh = nonce not in self.server.nonces
        self.server.nonces.add(nonce)
        return user == options.user and digest == right and age < 5 and fresh and options.password not in text

    def has_http_digest(self):
        """RFC 7616 with MD5 and qop=auth, as newer cameras want it."""
        options = self.server.options
        said = dict(re.findall(r'(\w+)="?([^",]*)"?', self.headers.get("Authorization", "")))
        md5 = lambda *words: hashlib.md5(":".join(words).encode()).hexdigest()
        wanted = md5(md5(options.user, "camera", options.password), NONCE, said.get("nc", ""), said.get("cnonce", ""), "auth", md5("POST", self.path))
        return said.get("response") == wanted and said.get("username") == options.user

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        options = self.server.options
        if options.kind == "huge":
            return self.say(200, body("<a/>" * 1_000_000))
        if options.kind == "redirect":
            return self.say(302, "", [("Location", f"http://127.0.0.1:{self.server.server_port}/onvif/stolen")])
        if options.kind == "garbage":
            self.wfile.write(b"\x00\x01\x02 this is not HTTP\r\n\r\n")
            self.close_connection = True
            return None
        if "GetSystemDateAndTime" in text:
            at = self.now()
            return self.say(200, body(
                "<GetSystemDateAndTimeResponse><SystemDateAndTime><t:UTCDateTime>"
                f"<t:Time><t:Hour>{at.hour}</t:Hour><t:Minute>{at.minute}</t:Minute><t:Second>{at.second}</t:Second></t:Time>"
                f"<t:Date><t:Year>{at.year}</t:Year><t:Month>{at.month}</t:Month><t:Day>{at.day}</t:Day></t:Date>"
                "</t:UTCDateTime></SystemDateAndTime></GetSystemDateAndTimeResponse>"))
        if not self.is_allowed(text):
            if options.http_digest:
                return self.say(401, "", [("WWW-Authenticate", 'Basic realm="camera"'), ("WWW-Authenticate", f'Digest realm="camera", qop="auth", nonce="{NONCE}"')])
            return self.say(400, body("<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>ter:NotAuthorized</e:Value></e:Subcode></e:Code></e:Fault>"))
        if "GetCapabilities" in text:
            return self.say(200, body(f"<Capabilities><t:Media><t:XAddr>http://{ELSEWHERE}:{self.server.server_port}/onvif/media</t:XAddr></t:Media></Capabilities>"))
        if self.path == "/onvif/media" and "GetProfiles" in text:
            profile = lambda token, w, h: (
                f'<m:Profiles token="{html.escape(token)}"><t:Name>{html.escape(token)}</t:Name><t:VideoEncoderConfiguration><t:Encoding>H264</t:Encoding>'
                f"<t:Resolution><t:Width>{w}</t:Width><t:Height>{h}</t:Height></t:Resolution></t:VideoEncoderConfiguration></m:Profiles>")
            return self.say(200, body(
                '<m:GetProfilesResponse xmlns:m="http://www.onvif.org/ver10/media/wsdl">'
                + profile("utama", 2560, 1440) + profile("sub & <2>", 704, 576) + '<m:Profiles token="suara"><t:Name>suara</t:Name></m:Profiles>'
                + "</m:GetProfilesResponse>"))
        if self.path == "/onvif/media" and "GetStreamUri" in text:
            token = html.unescape(re.search(r"<ProfileToken>([^<]*)<", text).group(1))
            address = options.stream.replace("127.0.0.1", ELSEWHERE) if token == "sub & <2>" else "rtsp://127.0.0.1:9/wrong"
            return self.say(200, body(f"<MediaUri><t:Uri>{html.escape(address)}</t:Uri></MediaUri>"))
        return self.say(500, body("<e:Fault><e:Reason><e:Text>unknown</e:Text></e:Reason></e:Fault>"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--stream", required=True)
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--http-digest", action="store_true")
    parser.add_argument("--clock-off", type=int, default=0)
    parser.add_argument("--kind", default="good", choices=["good", "hostile", "huge", "redirect", "garbage"])
    options = parser.parse_args()
    http = HTTPServer(("127.0.0.1", 0), Device)
    http.options, http.nonces = options, set()
    # Who asks may hang up in the middle of an answer that is too long.
    http.handle_error = lambda *_: None
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    threading.Thread(target=answer_search, args=(sock, http.server_port, options.kind), daemon=True).start()
    print(f"listening {sock.getsockname()[1]} {http.server_port}", flush=True)
    http.serve_forever()


main()
