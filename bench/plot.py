"""A small writer of line plots as SVG."""

from collections.abc import Mapping, Sequence
from pathlib import Path

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 760, 300, 56, 36, 28, 150
_COLOURS = (
    "#2563eb",
    "#dc2626",
    "#16a34a",
    "#9333ea",
    "#ea580c",
    "#0891b2",
    "#4b5563",
    "#ca8a04",
    "#db2777",
    "#65a30d",
)
Points = Sequence[tuple[float, float]]


def lines(path: Path, title: str, x_label: str, y_label: str, series: Mapping[str, Points]) -> None:
    """Write a plot of named lines; both axes begin at zero."""
    right = max((x for points in series.values() for x, _ in points), default=1) or 1
    top = (max((y for points in series.values() for _, y in points), default=1) or 1) * 1.05
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> str:
        return f"{_LEFT + x / right * width:.1f},{_TOP + height - y / top * height:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="16" font-size="13">{title}</text>',
        f'<text x="{_LEFT + width / 2:.0f}" y="{_HEIGHT - 4}" text-anchor="middle">{x_label}</text>',
    ]
    for step in range(5):
        y = top * step / 4
        at = _TOP + height - height * step / 4
        parts.append(
            f'<line x1="{_LEFT}" x2="{_LEFT + width}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e5e7eb"/>'
        )
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{y:,.0f}</text>')
        x = right * step / 4
        parts.append(
            f'<text x="{_LEFT + width * step / 4:.1f}" y="{_HEIGHT - 20}" text-anchor="middle">{x:,.0f}</text>'
        )
    parts.append(f'<text x="{_LEFT - 6}" y="{_TOP - 6}" text-anchor="end">{y_label}</text>')
    for number, (name, points) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        line = " ".join(place(x, y) for x, y in points)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{line}"/>')
        at = _TOP + 12 + number * 16
        parts.append(f'<text x="{_LEFT + width + 10}" y="{at}" fill="{colour}">{name}</text>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")
