"""Endless stream of packed training batches from generated chats."""
import random

import numpy as np

from . import corpus

PROMPT_WEIGHT = 0.1
ROWS_TOKENS = 3072
SHORT_LENGTH = 256
LONG_LENGTH = 512
LONG_EVERY = 6
_WAITING = 48
_LONG_WAITING_MAX = 64


class Stream:
    """Draws chats, encodes them and packs several into each row, each with its own positions and mask."""

    def __init__(self, tokenizer, seed: int):
        self.tokenizer = tokenizer
        self.rng = random.Random(seed)
        self.easy_share = 0.0
        self.tokens_seen = 0
        self._short, self._long = [], []
        self._start, self._end = (tokenizer.token_to_id(token) for token in ("<|im_start|>", "<|im_end|>"))

    def _encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def _document(self):
        ids, weights = [], []
        for role, text in corpus.sample(self.rng, self.easy_share):
            head = [self._start, *self._encode(role + "\n")]
            body = [*self._encode(text), self._end]
            tail = self._encode("\n")
            ids += head + body + tail
            body_weight = 1.0 if role == "assistant" else PROMPT_WEIGHT
            weights += [PROMPT_WEIGHT] * len(head) + [body_weight] * len(body) + [PROMPT_WEIGHT] * len(tail)
        return ids, weights

    def _refill(self):
        while len(self._short) < _WAITING:
            document = self._document()
            size = len(document[0]) - 1
            if size <= SHORT_LENGTH:
                self._short.append(document)
            elif size <= LONG_LENGTH and len(self._long) < _LONG_WAITING_MAX:
                self._long.append(document)

    def _next(self, room, long_first):
        self._refill()
        if long_first and self._long:
            return self._long.pop(0)
        fitting = [index for index, document in enumerate(self._short) if len(document[0]) - 1 <= room]
        if not fitting:
            return None
        if room >= SHORT_LENGTH:
            return self._short.pop(0)
        return self._short.pop(max(fitting, key=lambda index: len(self._short[index][0])))

    def batch(self, number: int) -> dict:
        """Arrays of shape (rows, length); every `LONG_EVERY`th batch has long rows that start with a long chat."""
        is_long = number % LONG_EVERY == LONG_EVERY - 1
        length = LONG_LENGTH if is_long else SHORT_LENGTH
        shape = (ROWS_TOKENS // length, length)
        arrays = {"tokens": np.zeros(shape, np.int32), "target": np.zeros(shape, np.int32), "document": np.zeros(shape, np.int32),
                  "weight": np.zeros(shape, np.float32), "position": np.zeros(shape, np.float32)}
        for row in range(shape[0]):
            self._fill_row(arrays, row, length, is_long)
        return arrays

    def _fill_row(self, arrays, row, length, is_long):
        filled, index = 0, 1
        while (document := self._next(length - filled, is_long and filled == 0)) is not None:
            ids, weights = document
            size = len(ids) - 1
            place = slice(filled, filled + size)
            arrays["tokens"][row, place] = ids[:-1]
            arrays["target"][row, place] = ids[1:]
            arrays["weight"][row, place] = weights[1:]
            arrays["document"][row, place] = index
            arrays["position"][row, place] = np.arange(size)
            filled, index = filled + size, index + 1
            self.tokens_seen += size
