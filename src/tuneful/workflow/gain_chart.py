"""Task gain against forgetting, one dot a trial, as an SVG that needs no library."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.workflow.sweep import Tried

WIDTH, HEIGHT, EDGE = 640, 420, 64
FOOT = HEIGHT - EDGE
FONT = 'font-family="sans-serif" font-size="12"'


def gain_chart(tried: Sequence[Tried], metric: str) -> str:
    """Draw the trials that have both numbers: to the right more forgotten, upwards more gained."""
    known = [(t.forgot, t.gain, t.number) for t in tried if t.gain is not None]
    dots = [(x, y, number) for x, y, number in known if x is not None]
    across, up = _axis([x for x, _, _ in dots]), _axis([y for _, y, _ in dots])
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<path d="M{EDGE} {EDGE / 2}V{FOOT}H{WIDTH - EDGE / 2}" fill="none" stroke="#444"/>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 16}" text-anchor="middle">'
        "change of perplexity on general text</text>",
        f'<text x="16" y="{EDGE / 2 - 8}">change of {metric} on the test rows</text>',
    ]
    for end, anchor in ((0, "start"), (1, "end")):
        x, y = EDGE + end * (WIDTH - 1.5 * EDGE), FOOT - end * (HEIGHT - 1.5 * EDGE)
        lines.append(
            f'<text x="{x}" y="{FOOT + 18}" text-anchor="{anchor}">{across[end]:.3g}</text>'
        )
        lines.append(f'<text x="{EDGE - 6}" y="{y}" text-anchor="end">{up[end]:.3g}</text>')
    for value, gain, number in dots:
        x = EDGE + _share(value, across) * (WIDTH - 1.5 * EDGE)
        y = FOOT - _share(gain, up) * (HEIGHT - 1.5 * EDGE)
        lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#2563eb"/>')
        lines.append(f'<text x="{x + 8:.1f}" y="{y + 4:.1f}">{number}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _axis(values: Sequence[float]) -> tuple[float, float]:
    """From the lowest to the highest value, 0 among them; never empty."""
    low, high = min([0.0, *values]), max([0.0, *values])
    return (low, high) if high > low else (low, low + 1.0)


def _share(value: float, axis: tuple[float, float]) -> float:
    return (value - axis[0]) / (axis[1] - axis[0])
