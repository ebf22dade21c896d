"""A file that holds one JSON array of documents, as lines of one document each.

A document's bytes stay as they are, but for the line breaks between its parts and the blanks
around these, which a line cannot hold. Memory is bounded by the longest document.
"""

import json
import re
from collections.abc import Iterator

# Bytes of a document: what has not ended by then is taken for broken.
LONGEST = 64 << 20
# Bytes a chunk of lines has, about.
CHUNK = 1 << 20

_START = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\[(?=[ \t\r\n]*[{\]])")
_BLANKS = re.compile(r"[ \t\r\n]*")
# A string of JSON holds no raw line break, so all of them stand between a document's parts.
_LINE_BREAK = re.compile(r"[ \t]*[\r\n][ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


class BrokenArray(ValueError):
    """No JSON array; str() says what is wrong and at which byte, counted from 0."""

    def __init__(self, what: str, position: int) -> None:
        super().__init__(f"is a broken JSON array: {what} at byte {position:,}")


def is_array(head: bytes) -> bool:
    """Whether a file that begins like this is one array of objects.

    A first line that is a whole array, with more lines after it, makes it a file of lines.
    """
    if not _START.match(head):
        return False
    first, _, rest = head.lstrip().partition(b"\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return True
    return not rest.strip()


def lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Chunks of whole lines, one for each element of the array. Raises BrokenArray."""
    text = _Text(chunks)
    text.skip(_START.match(text.first()).end())
    out = bytearray()
    mark = ","
    if text.next() == "]":
        mark = "]"
        text.skip(1)
    while mark == ",":
        out += text.value() + b"\n"
        if len(out) >= CHUNK:
            yield bytes(out)
            out.clear()
        mark = text.next()
        if mark not in (",", "]"):
            raise text.broken(f"{mark!r} where a comma or ] belongs" if mark else "no ] at the end")
        text.skip(1)
    if out:
        yield bytes(out)
    if mark := text.next():
        raise text.broken(f"{mark!r} after the array")


class _Text:
    """A window on the file, one character a byte: positions are bytes, and what is no UTF-8
    inside a string passes through."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._window = ""
        self._at = 0
        self._before = 0  # bytes in front of the window
        self._grow()

    def first(self) -> bytes:
        return self._window.encode("latin-1")

    def skip(self, count: int) -> None:
        self._at += count

    def broken(self, what: str) -> BrokenArray:
        return BrokenArray(what, self._before + self._at)

    def next(self) -> str:
        """The next character that is not blank, empty at the end."""
        while True:
            self._at = _BLANKS.match(self._window, self._at).end()
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._grow():
                return ""

    def value(self) -> bytes:
        """The JSON value that begins here, without its line breaks."""
        self.next()
        while True:
            try:
                _, end = _DECODER.raw_decode(self._window, self._at)
                # A number or a name at the window's end may go on.
                if end < len(self._window) or not self._grow():
                    break
            except RecursionError:
                raise self.broken("a document nested too deep") from None
            except json.JSONDecodeError as error:
                too_long = len(self._window) - self._at > LONGEST
                if too_long or not self._grow():
                    self._at = error.pos
                    what = error.msg[0].lower() + error.msg[1:].removesuffix(" at")
                    raise self.broken(what) from None
        value = self._window[self._at : end]
        self._at = end
        if "\n" in value or "\r" in value:
            value = _LINE_BREAK.sub("", value)
        return value.encode("latin-1")

    def _grow(self) -> bool:
        """Read on, twice as far each time within a document; False at the file's end."""
        tail = self._window[self._at :]
        pieces, read = [tail], 0
        for chunk in self._chunks:
            pieces.append(chunk.decode("latin-1"))
            read += len(chunk)
            if read >= max(CHUNK, len(tail)):
                break
        if read:
            self._before += self._at
            self._at = 0
            self._window = "".join(pieces)
        return read > 0
