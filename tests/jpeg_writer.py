"""JPEG files that no encoder writes: legal headers of every sort, and random bits as entropy-coded data.

The Huffman codes that are declared leave almost no code unused, so nearly any bits are coefficients: their decoders
are led everywhere without an encoder for each process. Where a scan's bits run out, or are left over at a restart
marker or at its end, there is a known way on (what libjpeg does), and that is tested, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

DC, AC = 0, 1


@dataclass(frozen=True)
class Component:
    """One colour component: its number, its sampling factors, and the tables that it uses."""

    number: int
    across: int
    down: int
    quantizer: int
    tables: int


@dataclass(frozen=True)
class Scan:
    """Some components, a band of their coefficients, and the bits of these that are sent."""

    components: tuple[int, ...]
    first: int = 0
    last: int = 63
    high: int = 0
    low: int = 0


def wild(seed: int, *, progressive: bool, complete: bool = True, most: int = 70) -> bytes:
    """A file of at most `most` pixels a side; its scans refine all coefficients to the end if `complete`."""
    random = Random(seed)
    components = _components(random)
    scans = _progressive_scans(random, components, complete) if progressive else _sequential_scans(random, components)
    width, height = random.randint(1, most), random.randint(1, most)
    blocks = sum(c.across * c.down for c in components) * (width // 8 + 2) * (height // 8 + 2)
    interval = random.choice((0, 0, 1, 2, 7))
    parts = [b"\xff\xd8", _color_marker(random, len(components)), *(_quantizer(random, at) for at in range(4))]
    parts.append(_frame(random, progressive, width, height, components))
    parts += [_huffman(random, kind, at, progressive) for kind in (DC, AC) for at in range(2)]
    if interval:
        parts.append(_segment(0xDD, interval.to_bytes(2, "big")))
    for scan in scans:
        parts += [_scan_header(scan, components), _bits(random, blocks, interval)]
    return b"".join([*parts, b"\xff\xd9"])


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def _components(random: Random) -> list[Component]:
    number = random.choice((1, 3, 3, 3, 4))
    names = [82, 71, 66] if number == 3 and random.random() < 0.2 else [1, 2, 3, 4]
    usual = [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4), (4, 2), (2, 4), (4, 4), (3, 1), (1, 3), (3, 3)]
    while True:
        if random.random() < 0.7:
            factors = [random.choice(usual)] + [(1, 1)] * (number - 1)
        else:
            factors = [random.choice(usual) for _ in range(number)]
        # A group of interleaved blocks holds at most ten.
        if sum(across * down for across, down in factors) <= 10 or number == 1:
            break
    return [
        Component(names[at], *factor, random.randrange(4), random.randrange(2)) for at, factor in enumerate(factors)
    ]


def _color_marker(random: Random, components: int) -> bytes:
    if random.random() < 0.4:
        transform = random.choice((0, 1) if components == 3 else (0, 2))
        return _segment(0xEE, b"Adobe\x00\x64\x00\x00\x00\x00" + bytes([transform]))
    return _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00") if random.random() < 0.5 else b""


def _quantizer(random: Random, at: int) -> bytes:
    most = random.choice((1, 4, 30, 255))
    return _segment(0xDB, bytes([at]) + bytes(random.randint(1, most) for _ in range(64)))


def _frame(random: Random, progressive: bool, width: int, height: int, components: list[Component]) -> bytes:
    marker = 0xC2 if progressive else random.choice((0xC0, 0xC1))
    body = b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + bytes([len(components)])
    return _segment(marker, body + b"".join(bytes((c.number, c.across << 4 | c.down, c.quantizer)) for c in components))


def _huffman(random: Random, kind: int, at: int, progressive: bool) -> bytes:
    if kind == DC:
        symbols = list(range(random.choice((4, 8, 12))))
    else:
        sizes = random.choice((2, 5, 10))
        symbols = [run << 4 | size for run in range(16) for size in range(1, sizes + 1)]
        symbols += [0xF0, 0x00] + ([run << 4 for run in range(1, 15)] if progressive else [])
    random.shuffle(symbols)
    # Small and frequent, as in real files: otherwise most blocks are full of extremes.
    symbols.sort(key=lambda symbol: (symbol & 15) + random.random() * 6)
    return _segment(0xC4, bytes([kind << 4 | at, *_lengths(random, len(symbols)), *symbols]))


def _lengths(random: Random, symbols: int) -> list[int]:
    """How many codes of 1 to 16 bits there are: a prefix code that leaves one of the longest unused."""
    counts, free = [], 1
    for length in range(1, 17):
        free *= 2
        below = 1 << (16 - length)
        most = min(symbols, free - 1)
        while most and (free - most) * below - 1 < symbols - most:
            most -= 1
        taken = symbols if length == 16 else random.randint(0, most)
        counts.append(taken)
        free -= taken
        symbols -= taken
    return counts


def _scan_header(scan: Scan, components: list[Component]) -> bytes:
    chosen = b"".join(bytes((components[at].number, components[at].tables * 0x11)) for at in scan.components)
    return _segment(
        0xDA, bytes([len(scan.components)]) + chosen + bytes((scan.first, scan.last, scan.high << 4 | scan.low))
    )


def _bits(random: Random, blocks: int, interval: int) -> bytes:
    size = int(blocks * random.choice((0, 1, 4, 20, 40)))
    if not interval:
        return random.randbytes(size).replace(b"\xff", b"\xff\x00")
    parts = []
    for at in range(random.randint(0, 2 * blocks // interval)):
        data = random.randbytes(random.randint(0, 1 + 40 * interval)).replace(b"\xff", b"\xff\x00")
        parts.append(data + bytes((0xFF, 0xD0 + at % 8)))
    return b"".join(parts)


def _sequential_scans(random: Random, components: list[Component]) -> list[Scan]:
    together = tuple(range(len(components)))
    return [Scan(together)] if random.random() < 0.6 else [Scan((at,)) for at in together]


def _progressive_scans(random: Random, components: list[Component], complete: bool) -> list[Scan]:
    together = tuple(range(len(components)))
    groups = [together] if random.random() < 0.7 else [(at,) for at in together]
    shift = random.randint(0, 2)
    waiting = [[Scan(group, 0, 0, high, low) for high, low in _shifts(shift)] for group in groups]
    cut = random.randint(1, 62)
    for at in together:
        for first, last in ((1, 63),) if random.random() < 0.5 else ((1, cut), (cut + 1, 63)):
            shift = random.randint(0, 2)
            waiting.append([Scan((at,), first, last, high, low) for high, low in _shifts(shift)])
    scans = [queue.pop(0) for queue in waiting[: len(groups)]]
    while any(waiting):
        scans.append(random.choice([queue for queue in waiting if queue]).pop(0))
    return scans if complete else scans[: random.randint(len(groups), len(scans))]


def _shifts(shift: int) -> list[tuple[int, int]]:
    """The bits of a first scan and of those that refine it: (0, shift), (shift, shift - 1), ... (1, 0)."""
    return [(0, shift)] + [(low + 1, low) for low in range(shift - 1, -1, -1)]
