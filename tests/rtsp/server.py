#!/usr/bin/env python3
"""A real RTSP server for tests: GStreamer's, on loopback.

    /usr/bin/python3 server.py --port 0 --film FILE [--auth none|basic|digest] [--codec h264|h265]

Prints `listening PORT` once it answers. Streams:
    /film   the picture track of FILE (mp4), packets as they are; sends no more at its end, as cameras that hang do
    /once   the same, for the first viewer only: who comes back finds no stream (404)
    /live   a generated test picture, 25 frames a second, for ever, H.264
    /jpeg   the same as JPEG
    /vp8    the same in a format that cameras of this project do not speak
    /sound  sound only
User and password, when asked for: `viewer` and `test-only`.
"""
import argparse

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

LIVE = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 pt=96 )"
)
PICTURE = "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=25/1"
JPEG = f"( {PICTURE} ! jpegenc ! rtpjpegpay name=pay0 pt=26 )"
VP8 = f"( {PICTURE} ! vp8enc deadline=1 ! rtpvp8pay name=pay0 pt=96 )"
SOUND = "( audiotestsrc is-live=true ! audioconvert ! alawenc ! rtppcmapay name=pay0 pt=8 )"


def film(path, codec):
    # config-interval=0: parameter sets only where the encoder put them, the way that is hardest for a client.
    return f'( filesrc location="{path}" ! qtdemux ! {codec}parse ! rtp{codec}pay name=pay0 pt=96 config-interval=0 )'


def ask_for_password(server, factories, kind):
    allowed = "user,media.factory.access=(boolean)true,media.factory.construct=(boolean)true"
    for factory in factories:
        factory.set_permissions(GstRtspServer.RTSPPermissions())
        parsed = Gst.Structure.new_from_string(allowed)
        factory.add_role_from_structure(parsed[0] if isinstance(parsed, tuple) else parsed)
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    if kind == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("viewer", "test-only", token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("viewer", "test-only"), token)
    server.set_auth(auth)


def close_after_first_viewer(server, path):
    def playing(_client, context):
        if context.uri.abspath.startswith(path):
            server.get_mount_points().remove_factory(path)

    server.connect("client-connected", lambda _server, client: client.connect("play-request", playing))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="0")
    parser.add_argument("--film")
    parser.add_argument("--codec", default="h264", choices=["h264", "h265"])
    parser.add_argument("--auth", default="none", choices=["none", "basic", "digest"])
    options = parser.parse_args()

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    streams = {"/live": (LIVE, True), "/jpeg": (JPEG, True), "/vp8": (VP8, True), "/sound": (SOUND, True)}
    if options.film:
        streams["/film"] = streams["/once"] = (film(options.film, options.codec), False)
        close_after_first_viewer(server, "/once")
    factories = []
    for path, (pipeline, shared) in streams.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(pipeline)
        factory.set_shared(shared)
        server.get_mount_points().add_factory(path, factory)
        factories.append(factory)
    if options.auth != "none":
        ask_for_password(server, factories, options.auth)
    if not server.attach(None):
        raise SystemExit("the port is taken")
    print("listening", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
