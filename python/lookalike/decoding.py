"""The other process: it decodes what it is told to with Pillow, within limits that the system holds.

Nothing imports this but the interpreter that `isolation` starts.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from .isolated import answer_of, plan_in
from .isolation.messages import receive, send
from .options import Limits
from .single import decoded, turned_decoded
from .sources import FileName, Item, open_picture
from .sources.elsewhere import Fields, failure_of, limits_in
from .sources.watched import seconds_for

__all__ = ["serve"]

Tell = Callable[[int], None]

# Our own end comes a little later than that which the asker prepares, who can say why.
_GRACE = 2.0
_MOST_FILE = 1 << 40
# What a process of this sort holds when it is tired of leaks, in bytes beyond what it held at first.
_WORN = 100 * 1024 * 1024


def serve() -> None:
    """Answer questions until there are no more."""
    questions, answers = _pipes()
    _shut_doors()
    from PIL import Image

    Image.preinit()
    first = _held()
    send(answers, {})
    while True:
        try:
            fields, data = receive(questions, _MOST_FILE)
        except EOFError:
            return
        answer, data = _answer(fields, data, partial(_tell, answers, limits_in(fields)))
        send(answers, {**answer, "worn": _held() > first + _WORN}, data)
        del data


def _tell(answers: BinaryIO, limits: Limits, pixels: int) -> None:
    """Say how large the picture is, before it is decoded, if it may take more time for that."""
    seconds = seconds_for(pixels, limits)
    if seconds > limits.decode_seconds:
        send(answers, {"size": pixels})
        _set_alarm(seconds + _GRACE)


def _answer(fields: Fields, data: bytes, tell: Tell) -> tuple[Fields, bytes]:
    item = Item("", FileName(fields["path"]) if "path" in fields else data)
    with _limited(limits_in(fields)):
        try:
            _adopt(fields["pillow"])
            return _TASKS[fields["task"]](item, fields, tell)
        except Exception as error:
            return failure_of(error), b""


def _print(item: Item, fields: Fields, tell: Tell) -> tuple[Fields, bytes]:
    return answer_of([decoded(item, plan_in(fields), lambda: nullcontext(tell))]), b""


def _turned(item: Item, fields: Fields, tell: Tell) -> tuple[Fields, bytes]:
    return answer_of(turned_decoded(item, plan_in(fields), lambda: nullcontext(tell))), b""


def _pixels(item: Item, fields: Fields, tell: Tell) -> tuple[Fields, bytes]:
    picture = open_picture(item, fields["recipe"], limits_in(fields), tell)
    image = picture.image if picture.image.mode in ("L", "RGB") else picture.image.convert("RGB")
    about = {"width": image.width, "height": image.height, "mode": image.mode, "format": picture.format}
    return about, image.tobytes()


_TASKS: dict[str, Callable[[Item, Fields, Tell], tuple[Fields, bytes]]] = {
    "print": _print,
    "turned": _turned,
    "pixels": _pixels,
}


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Input and output, out of the reach of decoders that print."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return questions, answers


def _shut_doors() -> None:
    """Give up what no decoder needs: files to write, and images of a crash."""
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if hasattr(signal, "SIGXFSZ"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def _adopt(settings: dict[str, Any]) -> None:
    """Take over what the asker's Pillow is set to."""
    from PIL import Image, ImageFile

    if "MAX_IMAGE_PIXELS" in settings:
        Image.MAX_IMAGE_PIXELS = settings["MAX_IMAGE_PIXELS"]
    if "LOAD_TRUNCATED_IMAGES" in settings:
        ImageFile.LOAD_TRUNCATED_IMAGES = settings["LOAD_TRUNCATED_IMAGES"]


@contextmanager
def _limited(limits: Limits) -> Iterator[None]:
    """Memory and time that the system itself holds, where it can."""
    restore = _limit_memory(limits.memory)
    # Whoever asked may be gone, and cannot end us. The default of this signal ends the process, whatever it is doing.
    _set_alarm(limits.decode_seconds + _GRACE)
    try:
        yield
    finally:
        _set_alarm(0)
        restore()


def _set_alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory(size: int) -> Callable[[], None]:
    """Only where the system counts what is written to (`RLIMIT_DATA`): far more address space is reserved than used."""
    if sys.platform != "linux":
        return lambda: None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _held() + size
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    return lambda: resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _held() -> int:
    """Bytes of data that this process has; the most that it had resident, where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
