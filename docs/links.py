"""A preprocessor of mdBook: turns links to items, as rustdoc knows them, into links to the pages of the API.

`[..](crate::layer::Linear)` becomes a link to `api/chainrule/layer/struct.Linear.html`, and `[..](crate::guide::onnx)` one to
the page `onnx.md`. The API is read in `target/doc`, where `cargo doc` has put it. A link without a target is an error.
"""

import functools
import json
import re
import sys
from pathlib import Path

API = Path(__file__).parent.parent / "target" / "doc"
LINK = re.compile(r"\]\((?:macro@)?(crate(?:::\w+)*)(?:\(\))?(#[\w-]+)?\)")
KINDS = ["struct", "trait", "enum", "fn", "macro", "derive", "constant", "type", "union"]
MEMBERS = ["method", "tymethod", "variant", "structfield", "associatedconstant", "associatedtype"]
missing = []  # links without a page


@functools.cache
def pages():
    """Returns the pages of the API by their file names, without those that only refer to another one."""
    found = {}
    for page in sorted(API.glob("chainrule*/**/*.html")):
        if 'http-equiv="refresh"' not in page.read_text()[:500]:
            found.setdefault(page.name, []).append(page)
    return found


def item(parts):
    """Returns the page of a module or an item. The page of an item that a module exports again may be elsewhere."""
    folder = API.joinpath("chainrule", *parts)
    if (folder / "index.html").exists():
        return folder / "index.html"
    found = [page for kind in KINDS for page in pages().get(f"{kind}.{parts[-1]}.html", [])]
    return next((page for page in found if page.parent == folder.parent), found[0] if found else None)


def member(parts):
    """Returns the page of an item and the anchor of its member: a method, a variant, a field."""
    page = item(parts[:-1])
    if page is not None:
        text = page.read_text()
        for kind in MEMBERS:
            if f'id="{kind}.{parts[-1]}"' in text:
                return page, f"#{kind}.{parts[-1]}"
    return None, ""


@functools.cache
def target(path, depth):
    parts = path.split("::")[1:]
    if parts[:1] == ["guide"]:
        return "../" * depth + parts[1].replace("_", "-") + ".md"
    page, anchor = (item(parts), "") if parts else (API / "chainrule" / "index.html", "")
    if page is None and len(parts) > 1:
        page, anchor = member(parts)
    if page is None:
        missing.append(path)
        return ""
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
    if missing:
        sys.exit(f"links.py: no page for {', '.join(missing)} in {API}; run docs/build.sh, which makes the API first")
    json.dump(book, sys.stdout)
