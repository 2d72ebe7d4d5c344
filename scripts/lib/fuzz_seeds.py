"""Write what the fuzzer begins with: pages of the simulated portal, and words of theirs."""

import re
import sys
from pathlib import Path

from tests.support.large_pages import large_pages
from tests.support.page_shapes import shapes
from tests.support.page_targets import page_targets


def main(folder: Path) -> None:
    """Write a seed a file, its first byte the function, and the dictionary."""
    names = list(page_targets_of())
    seeds = folder / "seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    found = shapes()
    for page, pages in found.items():
        for n, html in enumerate([*pages, *large_pages(300).values()]):
            seed = bytes([names.index(page)]) + html.encode()
            (seeds / f"{page}-{n}").write_bytes(seed)
    text = "".join(html for pages in found.values() for html in pages)
    words = set(re.findall(r"<[a-z/]+|</[a-z]+>|[\w$]+=\"[^\"]{1,50}\"|[A-Za-z_$(]{4,40}", text))
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"') for word in sorted(words))
    (folder / "words").write_text("".join(f'"{word}"\n' for word in quoted))


def page_targets_of() -> list[str]:
    """Return the names of the functions, in the order of the fuzzer."""
    from custom_components.usms import client  # noqa: PLC0415 (Home Assistant takes a while)

    return list(page_targets(client))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
