"""One box of an mp4 file: a name, its bytes, and reads that never leave them."""

from dataclasses import dataclass

MAX_CHILDREN = 256


def word(data: bytes | memoryview) -> str:
    """A four-character code; any byte has a letter in Latin-1."""
    return bytes(data).decode("latin-1")


class Unreadable(Exception):
    """The file cannot be understood. `where` names the box or byte."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where} {message}")
        self.where = where
        self.message = message


@dataclass(frozen=True, slots=True)
class Box:
    """The payload of a box. Offsets are from the payload's start; `path` is for messages."""

    name: str
    payload: memoryview
    path: str

    def bytes(self, offset: int, length: int) -> bytes:
        if offset + length > len(self.payload):
            raise Unreadable(self.path, f"ends at byte {len(self.payload)}, within a field")
        return bytes(self.payload[offset : offset + length])

    def u8(self, offset: int) -> int:
        return self.bytes(offset, 1)[0]

    def u16(self, offset: int) -> int:
        return int.from_bytes(self.bytes(offset, 2), "big")

    def u32(self, offset: int) -> int:
        return int.from_bytes(self.bytes(offset, 4), "big")

    def u64(self, offset: int) -> int:
        return int.from_bytes(self.bytes(offset, 8), "big")

    def count(self, offset: int, row_bytes: int, most: int) -> int:
        """A table's row count at `offset`, checked against the room there is for the rows."""
        count = self.u32(offset)
        if count > most or offset + 4 + count * row_bytes > len(self.payload):
            raise Unreadable(self.path, f"claims {count:,} entries, more than it has room for")
        return count

    def table(self, columns: int, keep: tuple[int, ...], most: int) -> list[tuple[int, ...]]:
        """The `keep` columns of the 32-bit rows after version, flags and row count."""
        count = self.count(4, 4 * columns, most)
        return [
            tuple(self.u32(8 + 4 * (row * columns + column)) for column in keep)
            for row in range(count)
        ]

    def find(self, name: str) -> "Box | None":
        return next((box for box in children(self) if box.name == name), None)

    def child(self, name: str) -> "Box":
        box = self.find(name)
        if box is None:
            raise Unreadable(self.path, f"has no {name} box")
        return box


def children(box: Box, start: int = 0) -> list[Box]:
    """The boxes inside a box; `start` skips fields that come before them."""
    found: list[Box] = []
    position, end = start, len(box.payload)
    while position + 8 <= end:
        length = int.from_bytes(box.payload[position : position + 4], "big")
        name = word(box.payload[position + 4 : position + 8])
        if length == 0:
            length = end - position
        if length < 8 or position + length > end:
            raise Unreadable(
                f"{box.path}/{name}", f"claims {length:,} bytes where {end - position:,} are"
            )
        if len(found) == MAX_CHILDREN:
            raise Unreadable(box.path, f"holds more than {MAX_CHILDREN} boxes")
        path = f"{box.path}/{name}"
        found.append(Box(name, box.payload[position + 8 : position + length], path))
        position += length
    return found
