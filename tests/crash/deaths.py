"""Of what, and when, the service dies in a world: drawn from the world's seed alone.

Places are those of processors/fault_point.h. Not here: F26, which takes two nodes (tests/kafka), F29 to F32, whose tests
are beside what they are about, and F27, which is no place.
"""

from typing import NamedTuple

EVERYWHERE = ("F01", "F02", "F03", "F04", "F05", "F06", "F07", "F08", "F09", "F10", "F13", "F14", "F15", "F16", "F17", "F18",
              "F19", "F24", "F25")
WITH_PROVIDERS = ("F11", "F12", "F20", "F21")
OF_MAINTENANCE = {"F22": ("snapshot", "take"), "F23": ("archive", "run", "--trim")}  # brctl, while the service is down
RECOVERING = ("F24", "F25")  # reached before the service is ready
HITS_MAX = {"F08": 3, "F11": 3, "F12": 3, "F16": 6, "F17": 6, "F18": 5, "F19": 5, "F20": 2, "F21": 2, "F22": 4, "F23": 3,
            "F25": 4}
HITS_MAX_ELSEWHERE = 30


class Death(NamedTuple):
    how: str  # point, moment (of its work), start (while it recovers), stop (SIGTERM; no kill), maintenance (brctl's death)
    point: str = ""
    hit: int = 1  # the how-manieth time that the point is reached
    after: float = 0.0  # seconds

    def __str__(self):
        if self.how in ("point", "maintenance"):
            return f"{self.point}:{self.hit}"
        return f"{self.how} + {self.after:.2f} s" + (f" {self.point}" if self.point else "")

    @property
    def kills(self):
        return self.how != "stop" or self.point != ""


def of_world(draw, kills, providers):
    """So many kills: each place the first time, then each some later time, then again; moments in between, and stops."""
    places = [*(WITH_PROVIDERS if providers else ()), *OF_MAINTENANCE, "F28", *EVERYWHERE]
    if kills < 2 * len(places):  # this world has the one half, the next one the other
        first, later = (places, []) if not providers else (list(WITH_PROVIDERS + tuple(OF_MAINTENANCE)), places)
    else:
        first, later = places, places
    deaths = [_at(draw, place, 1) for place in first]
    draw.shuffle(deaths)
    deaths += [Death("start", after=draw.uniform(0, 0.25)) for _ in range(3)]  # one after the other: a crash loop
    while sum(death.kills for death in deaths) < kills:
        again = [_at(draw, place, draw.randint(2, HITS_MAX.get(place, HITS_MAX_ELSEWHERE))) for place in later or places]
        draw.shuffle(again)
        for death in again:
            deaths.append(death)
            if draw.random() < 0.3:
                deaths.append(Death("moment", after=draw.uniform(0, 1.5)))
            if draw.random() < 0.1:
                deaths += [Death("start", after=draw.uniform(0, 0.25)) for _ in range(draw.randint(1, 4))]
            if draw.random() < 0.1:
                deaths.append(Death("stop", after=draw.uniform(0, 1)))
    return _cut(deaths, kills)


def _at(draw, place, hit):
    if place in OF_MAINTENANCE:
        return Death("maintenance", place, hit)
    if place == "F28":
        return Death("stop", place, after=draw.uniform(0.2, 1))
    return Death("point", place, hit)


def _cut(deaths, kills):
    kept = []
    for death in deaths:
        if kills == 0:
            break
        kept.append(death)
        kills -= death.kills
    return kept
