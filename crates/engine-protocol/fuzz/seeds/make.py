"""Makes the model files that the fuzz target `header` begins with: each kind of value, few bytes between them."""

import pathlib
import struct

FOLDER = pathlib.Path(__file__).parent / "header"
UINT32, INT32, FLOAT32, BOOL, TEXT, ARRAY, UINT64 = 4, 5, 6, 7, 8, 9, 10


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def array(kind, values):
    return struct.pack("<IQ", kind, len(values)) + b"".join(values)


def pairs(*entries):
    return [text(key) + struct.pack("<I", kind) + value for key, kind, value in entries]


def tensor(name, shape, kind, offset):
    dimensions = struct.pack(f"<{len(shape)}Q", *shape)
    return text(name) + struct.pack("<I", len(shape)) + dimensions + struct.pack("<IQ", kind, offset)


def write(name, version, metadata, tensors, data=b"", alignment=32):
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    head += b"".join(metadata) + b"".join(tensors)
    padding = b"\0" * (-len(head) % alignment)
    (FOLDER / name).write_bytes(head + padding + data)


def number(value):
    return struct.pack("<I", value)


ARCHITECTURE = ("general.architecture", TEXT, text("llama"))
write("empty", 3, [], [])
write("version_2", 2, pairs(ARCHITECTURE), [tensor("w", [2], 0, 0)], b"\0" * 8)
write(
    "values",
    3,
    pairs(
        ARCHITECTURE,
        ("general.alignment", UINT32, number(64)),
        ("general.file_type", UINT32, number(7)),
        ("llama.context_length", UINT64, struct.pack("<Q", 64)),
        ("llama.attention.head_count_kv", ARRAY, array(INT32, [struct.pack("<i", 2)] * 2)),
        ("f", FLOAT32, struct.pack("<f", 1.5)),
        ("b", BOOL, b"\1"),
        ("t", ARRAY, array(TEXT, [text("x"), text("yz")])),
        ("a", ARRAY, array(ARRAY, [array(BOOL, [b"\0", b"\1"])])),
    ),
    [],
    alignment=64,
)
write("tensors", 3, [], [tensor("a", [4, 2], 0, 0), tensor("b", [32], 8, 32)], b"\0" * 66)
