"""The light under which nothing else happens to a view: ffmpeg filters that re-light a real film, at different speeds.

Each is a chain that may be put anywhere in a filter graph; `{w}` and `{h}` are the picture's size. The first four stand still, and are used under moved and
covered views too; the others change while the film runs.
"""

LIGHTS = {
    "as filmed": "null",
    "bright": "eq=gamma=1.8",
    "dim": "eq=gamma=0.5",
    "night": "eq=gamma=0.45:contrast=0.6:brightness=-0.2,noise=alls=6:allf=t",
}


def fade(by: str) -> str:
    """From day, where `by` is 0, to night, where it is 1; with the grain that comes with it."""
    return f"eq=eval=frame:gamma='1-0.55*{by}':contrast='1-0.4*{by}':brightness='-0.2*{by}',noise=alls=5:allf=t"


def over(mode: str, luma: str) -> str:
    """A small drawn picture of `luma` (of X and Y on 32 x 18 points, and T), enlarged softly and blended over the film's brightness."""
    source = f"nullsrc=s=32x18:r=8,format=yuv420p,geq=lum='{luma}':cb=128:cr=128,scale={{w}}:{{h}}:flags=bilinear,setsar=1"
    return f"setsar=1,format=yuv420p[film];{source}[light];[film][light]blend=c0_mode={mode}:shortest=1"


def shadow(radians_a_second: float) -> str:
    """Shadows of clouds that take 60 % of the light, wider than half of the picture, soft at their edges."""
    return over("multiply", f"255*(1-0.6*clip(0.5+1.5*sin((X+0.6*Y)/7-{radians_a_second}*T),0,1))")


def lamp(x: str, y: str, reach: float, brightness: str) -> str:
    return f"{brightness}*exp(-((X-({x}))*(X-({x}))+(Y-({y}))*(Y-({y})))/{reach})"


LAMPS = "+".join(
    [
        lamp("mod(9*T,44)-6", "12", 5, "230"),
        lamp("38-mod(6*T+20,44)", "8", 3, "200"),
        # One turns towards the camera, and outshines everything for a second or two.
        lamp("16", "10", 150, "200*pow(max(0,sin(T/4)),20)"),
    ]
)
RAIN = (
    "setsar=1,format=yuv420p,eq=contrast=0.75:brightness=0.03,gblur=sigma={w}*0.001[film];"
    "nullsrc=s={w}x32:r=8,format=yuv420p,geq=lum='if(gt(random(1),0.985),110,0)':cb=128:cr=128,scale={w}:{h}:flags=bilinear,setsar=1[light];"
    "[film][light]blend=c0_mode=screen:shortest=1,noise=alls=8:allf=t"
)
INFRARED = "between(t,25,50)"

CHANGING = {
    "dusk and dawn": "eq=eval=frame:brightness='-0.25*abs(sin(t/20))':contrast='1-0.5*abs(sin(t/20))',noise=alls=4:allf=t",
    "dusk in 40 s": fade("clip((t-15)/40,0,1)"),
    "dawn in 40 s": fade("clip((55-t)/40,0,1)"),
    "dusk and dawn in 6 s": fade("clip(0.5-0.8*cos(t/2),0,1)"),
    "clouds": "eq=eval=frame:brightness='0.15*sin(t/3)':gamma='1+0.4*sin(t/7)'",
    "shadows that creep": shadow(0.1),
    "shadows that run": shadow(0.6),
    "lamps at once": "eq=eval=frame:gamma='if(gt(mod(t,30),15),0.5,1.2)'",
    "exposure in steps": "eq=eval=frame:gamma='1-0.4*eq(mod(floor(t/8),4),1)+0.8*eq(mod(floor(t/8),4),3)':brightness='0.2*eq(mod(floor(t/8),4),2)'",
    "exposure that hunts": "eq=eval=frame:gamma='1+0.5*sin(2.5*t)':brightness='0.15*sin(2.5*t)'",
    "infrared by night": (
        f"hue=s=0:enable='{INFRARED}',vignette=PI/4.5:enable='{INFRARED}',noise=alls=7:allf=t:enable='{INFRARED}',"
        f"eq=eval=frame:contrast='1-0.3*{INFRARED}':gamma='1+0.5*{INFRARED}':brightness='-0.9*(between(t,25,25.9)+between(t,50,50.9))'"
    ),
    "headlights by night": LIGHTS["night"] + "," + over("screen", LAMPS),
    "rain": RAIN,
    "rain by night": LIGHTS["night"] + "," + RAIN,
    # Made after everything else here, and run once when the thresholds and rules stood.
    "fog that comes and goes": "eq=eval=frame:contrast='1-0.55*clip(0.5-0.8*cos(t/9),0,1)':brightness='0.12*clip(0.5-0.8*cos(t/9),0,1)'",
    "shadows against them": over("multiply", "255*(1-0.7*clip(0.5+1.2*sin((X-1.3*Y)/4+0.35*T),0,1))"),
    "low sun": over("screen", lamp("4+0.3*T", "3", 60, "180")),
    "dusk and dawn in 15 s": fade("clip(0.5-0.8*cos(t/5),0,1)"),
    "coarse grain": "noise=alls=25:allf=t",
}
