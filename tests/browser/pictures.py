"""Golden screenshots: compared small and soft, because fonts differ a little between machines."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter
from playwright.async_api import Locator, Page

COLOURS = 32
ILLUSTRATION_COLOURS = 255
SHRINK = 6  # six pixels become one: a letter is a smudge there, a button or a wrapped line is not
# How far (of 255) smudges may be apart, and what share of the picture may be farther. Another rasteriser
# and no emoji font make 0.7 % differ by 40 and none by 80; another colour of one button, 0.3 % by 80.
MOST_DIFFERENT = {40: 0.03, 80: 0.0015}
MOST_TALLER = 24  # pixels: about one line more or less


@dataclass(frozen=True)
class Pictures:
    """The committed screenshots in a folder."""

    folder: Path
    renew: bool

    def problem(self, name: str, png: bytes) -> str:
        """Say in what a screenshot differs from the golden one; "" when it is alike, or was written anew."""
        kept = self.folder / f"{name}.png"
        taken = Image.open(io.BytesIO(png)).convert("RGB")
        if self.renew:
            save(taken, kept)
            return ""
        if not kept.exists():
            return f"{name}: no golden screenshot yet: make screenshots"
        return difference(name, Image.open(kept).convert("RGB"), taken)


@dataclass(frozen=True)
class Illustrations:
    """The images of the documentation: taken where the story is told, written when they are renewed."""

    folder: Path
    renew: bool

    async def take(self, name: str, shown: Locator | Page, high: int = 0) -> None:
        """Write a screenshot of a page or, in a window `high` enough, of a part; else see that it exists."""
        place = self.folder / f"{name}.png"
        if self.renew:
            png = await (_whole(shown, high) if isinstance(shown, Locator) else shown.screenshot())
            save(Image.open(io.BytesIO(png)).convert("RGB"), place, ILLUSTRATION_COLOURS)
        assert place.exists(), f"docs show {name}.png: make screenshots"


async def _whole(part: Locator, high: int) -> bytes:
    before = part.page.viewport_size
    assert before is not None
    await part.page.set_viewport_size({"width": before["width"], "height": high or before["height"]})
    try:
        return await part.screenshot(animations="disabled")
    finally:
        await part.page.set_viewport_size(before)


def save(taken: Image.Image, place: Path, colours: int = COLOURS) -> None:
    """Write a palette, packed: an octree keeps small spots of few colours, many keep the ground white."""
    place.parent.mkdir(parents=True, exist_ok=True)
    method = Image.Quantize.FASTOCTREE if colours <= COLOURS else Image.Quantize.MEDIANCUT
    taken.quantize(colours, method=method, dither=Image.Dither.NONE).save(place, optimize=True)


def difference(name: str, golden: Image.Image, taken: Image.Image) -> str:
    """Compare sizes, then the smudges."""
    if golden.width != taken.width or abs(golden.height - taken.height) > MOST_TALLER:
        return f"{name}: {taken.width}x{taken.height} instead of {golden.width}x{golden.height}"
    size = (max(golden.width // SHRINK, 1), max(min(golden.height, taken.height) // SHRINK, 1))
    apart = ImageChops.difference(_smudged(golden, size), _smudged(taken, size)).convert("L").histogram()
    shares = {far: sum(apart[far:]) / (size[0] * size[1]) for far in MOST_DIFFERENT}
    wrong = [f"{share:.1%} by {far}" for far, share in shares.items() if share > MOST_DIFFERENT[far]]
    return f"{name}: differs in {', '.join(wrong)} of 255" if wrong else ""


def _smudged(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    cut = picture.crop((0, 0, size[0] * SHRINK, size[1] * SHRINK))
    return cut.resize(size, Image.Resampling.BOX).filter(ImageFilter.BoxBlur(1))
