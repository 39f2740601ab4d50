"""Whether llama.cpp computes what was trained: same token counts, and the same most likely next token as the JAX model."""
import pathlib
import random

import jax.numpy as jnp
import numpy as np
from tokenizers import Tokenizer

from .. import corpus, model, training
from .report import Chat

CHATS = 40
PREFIX_TOKENS_MAX = 200
ODD_TEXTS = ("Ünïcode – “quotes” 日本 12345 €9.99\t\ttabs   spaces\n\n\nend I'll we've x1y22z333", "  leading and trailing  ", "a\r\nb")


def _next_token(parameters, ids, config):
    # One fixed length, so that the model is compiled once; causal attention keeps the padding out of sight.
    padded = np.zeros((1, PREFIX_TOKENS_MAX), np.int32)
    padded[0, : len(ids)] = ids
    position = np.arange(PREFIX_TOKENS_MAX, dtype=np.float32)[None]
    batch = {"tokens": jnp.array(padded), "document": jnp.zeros_like(padded), "position": jnp.array(position)}
    logits = model.forward(parameters, batch, config, exact=True)
    return int(jnp.argmax(logits[0, len(ids) - 1]))


def run(gguf: pathlib.Path, work: pathlib.Path) -> None:
    """Prints both agreements; raises when the token counts differ or fewer than nine in ten next tokens agree."""
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    config, _, parameters, _ = training.load(work / training.CHECKPOINT)
    chat, rng = Chat(gguf), random.Random(4242)
    texts = [corpus.render(corpus.sample(rng)) for _ in range(CHATS)]
    differing = [text for text in (*texts, *ODD_TEXTS) if chat.token_count(text) != len(tokenizer.encode(text).ids)]
    agreed = 0
    for text in texts:
        ids = tokenizer.encode(text).ids[: rng.randint(40, PREFIX_TOKENS_MAX)]
        agreed += chat.next_token(ids) == _next_token(parameters, ids, config)
    print(f"token counts equal for {CHATS + len(ODD_TEXTS) - len(differing)} of {CHATS + len(ODD_TEXTS)} texts; same next token in {agreed} of {CHATS} chats")
    if differing or agreed < 0.9 * CHATS:
        raise SystemExit("llama.cpp and the trained model disagree; check the tokenizer's merges and the permutation of query and key")
