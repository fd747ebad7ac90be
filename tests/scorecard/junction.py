"""A signalised four-arm junction with left-hand traffic, as a SUMO network and as ground geometry in metres.

Origin in the middle of the junction, x to the east, y to the north. Every arm has two lanes towards the junction and two away from it. The signal has two
phases (north-south, east-west) and one cycle, which is the truth for the estimate.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

ARM_M = 220.0
LANES = 2
LANE_M = 3.5
SPEED_MS = 13.9
# Half of the paved square in the middle: two lanes on either side and the corners.
BOX_M = 11.0
ARMS = {"north": (0.0, 1.0), "east": (1.0, 0.0), "south": (0.0, -1.0), "west": (-1.0, 0.0)}
YELLOW_S = 3


@dataclass(frozen=True)
class Signal:
    """Seconds of green for the two phases; each is followed by yellow."""

    north_south_s: int
    east_west_s: int

    @property
    def cycle_s(self) -> int:
        return self.north_south_s + self.east_west_s + 2 * YELLOW_S


def build(folder: Path, netconvert: Path) -> Path:
    """Writes the network into `folder`."""
    nodes = ['<node id="box" x="0" y="0" type="traffic_light"/>']
    edges = []
    for arm, (east, north) in ARMS.items():
        nodes.append(f'<node id="{arm}" x="{east * ARM_M}" y="{north * ARM_M}"/>')
        common = f'numLanes="{LANES}" speed="{SPEED_MS}" width="{LANE_M}" priority="1"'
        edges.append(f'<edge id="{arm}-in" from="{arm}" to="box" {common}/>')
        edges.append(f'<edge id="{arm}-out" from="box" to="{arm}" {common}/>')
    (folder / "junction.nod.xml").write_text(f"<nodes>{''.join(nodes)}</nodes>")
    (folder / "junction.edg.xml").write_text(f"<edges>{''.join(edges)}</edges>")
    network = folder / "junction.net.xml"
    command = [netconvert, "--node-files", folder / "junction.nod.xml", "--edge-files", folder / "junction.edg.xml", "--lefthand", "true"]
    command += ["--junctions.corner-detail", "5", "--no-turnarounds", "true", "--offset.disable-normalization", "true", "--tls.layout", "opposites", "--output-file", network]
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    return network


def programme(network: Path, signal: Signal) -> str:
    """The signal's programme: links that begin on the north and south arms are green in the first phase, the others in the third."""
    import sumolib

    net = sumolib.net.readNet(str(network), withPrograms=True)
    light = net.getTrafficLights()[0]
    incoming = {index: lane_in.getEdge().getID() for lane_in, _, index in light.getConnections()}
    count = max(incoming) + 1
    first = [incoming[index].startswith(("north", "south")) for index in range(count)]

    def phase(seconds: int, letters: str) -> str:
        return f'<phase duration="{seconds}" state="{letters}"/>'

    # Turns across the opposite stream give way ("g"); SUMO works out who crosses whom.
    green = lambda now: "".join("g" if goes == now else "r" for goes in first)  # noqa: E731
    amber = lambda now: "".join("y" if goes == now else "r" for goes in first)  # noqa: E731
    phases = phase(signal.north_south_s, green(True)) + phase(YELLOW_S, amber(True)) + phase(signal.east_west_s, green(False)) + phase(YELLOW_S, amber(False))
    return f'<additional><tlLogic id="{light.getID()}" type="static" programID="card" offset="0">{phases}</tlLogic></additional>'
