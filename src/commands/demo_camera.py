"""A camera for the demonstration: plays a film without end through a real RTSP server (GStreamer's), on the loopback address.

usage: python3 demo_camera.py FILM.mp4      prints the port once it listens; ends when its standard input closes
"""
import sys
import threading

try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstApp", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstApp, GstRtspServer  # GstApp gives appsink and appsrc their methods
except (ImportError, ValueError) as error:
    sys.exit(f"GStreamer's RTSP server is not installed ({error})")

CAPS = "video/x-h264,stream-format=byte-stream,alignment=au"


def compressed_frames(film):
    """The film's access units and the time from one to the next, in nanoseconds."""
    pipeline = Gst.parse_launch(f'filesrc location="{film}" ! qtdemux ! h264parse config-interval=-1 ! {CAPS} ! appsink name=sink sync=false')
    pipeline.set_state(Gst.State.PLAYING)
    sink, frames, last = pipeline.get_by_name("sink"), [], 0
    while (sample := sink.emit("pull-sample")) is not None:
        buffer = sample.get_buffer()
        frames.append(buffer.extract_dup(0, buffer.get_size()))
        last = buffer.pts
    pipeline.set_state(Gst.State.NULL)
    if len(frames) < 2:
        sys.exit(f"{film} holds no H.264 film")
    return frames, last // (len(frames) - 1)


def play_without_end(source, frames, interval):
    """Gives `source` one access unit whenever it asks, with times that never jump, from the first frame of the film on."""
    number = 0

    def push(_source, _length):
        nonlocal number
        buffer = Gst.Buffer.new_wrapped(frames[number % len(frames)])
        buffer.pts = buffer.dts = number * interval
        buffer.duration = interval
        number += 1
        source.emit("push-buffer", buffer)

    source.connect("need-data", push)


def main(film):
    Gst.init(None)
    frames, interval = compressed_frames(film)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( appsrc name=film format=time is-live=true caps={CAPS} ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )")
    factory.connect("media-configure", lambda _f, media: play_without_end(media.get_element().get_by_name("film"), frames, interval))
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    server.get_mount_points().add_factory("/vtest", factory)
    server.attach(None)
    loop = GLib.MainLoop()
    print(server.get_bound_port(), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main(sys.argv[1])
