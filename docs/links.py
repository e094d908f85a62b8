"""A preprocessor of mdBook: turns links to items, as rustdoc knows them, into links to the pages of the API.

`[..](crate::layer::Linear)` becomes a link to `api/chainrule/layer/struct.Linear.html`, and `[..](crate::guide::onnx)` one to
the page `onnx.md`. The API is read in `target/doc`, where `cargo doc` has put it. A link without a target is an error.
"""

import json
import re
import sys
from pathlib import Path

API = Path(__file__).parent.parent / "target" / "doc"
LINK = re.compile(r"\]\((?:macro@)?(crate(?:::\w+)*)(?:\(\))?(#[\w-]+)?\)")
KINDS = ["struct", "trait", "enum", "fn", "macro", "derive", "constant", "type", "union"]
MEMBERS = ["method", "tymethod", "variant", "structfield", "associatedconstant", "associatedtype"]


def item(parts):
    """Returns the page of an item, below `API`; an item that the root exports again has its page elsewhere."""
    folder = API.joinpath("chainrule", *parts)
    if (folder / "index.html").exists():
        return folder / "index.html"
    for kind in KINDS:
        page = folder.parent / f"{kind}.{parts[-1]}.html"
        if page.exists():
            return page
    if len(parts) == 1:
        pages = sorted(page for kind in KINDS for page in API.rglob(f"{kind}.{parts[0]}.html"))
        if pages:
            return pages[0]
    return None


def member(parts):
    """Returns the page of an item and the anchor of its member: a method, a variant, a field."""
    page = item(parts[:-1])
    if page is not None:
        text = page.read_text()
        for kind in MEMBERS:
            if f'id="{kind}.{parts[-1]}"' in text:
                return page, f"#{kind}.{parts[-1]}"
    return None, ""


def target(path, depth):
    parts = path.split("::")[1:]
    if parts[:1] == ["guide"]:
        return "../" * depth + parts[1].replace("_", "-") + ".md"
    page, anchor = (item(parts), "") if parts else (API / "chainrule" / "index.html", "")
    if page is None and len(parts) > 1:
        page, anchor = member(parts)
    if page is None:
        sys.exit(f"links.py: no page for `{path}` in {API}; run docs/build.sh, which makes the API first")
    return "../" * depth + "api/" + page.relative_to(API).as_posix() + anchor


def walk(items):
    for entry in items:
        chapter = entry.get("Chapter") if isinstance(entry, dict) else None
        if chapter:
            depth = (chapter["path"] or "").count("/")
            chapter["content"] = LINK.sub(lambda link: f"]({target(link[1], depth)}{link[2] or ''})", chapter["content"])
            walk(chapter["sub_items"])


if sys.argv[1:2] != ["supports"]:
    _, book = json.load(sys.stdin)
    walk(book.get("items") or book.get("sections"))
    json.dump(book, sys.stdout)
