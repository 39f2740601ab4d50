"""Byte-level BPE whose spaces stay apart from rare words.

A name must have the same tokens at the start of a line, after a quotation mark and after a space, otherwise a small model
cannot copy it. So merges are learned on words without their space, and only frequent lower-case words get a merge with it.
The splitting is llama.cpp's pre-tokenizer `smollm`: every digit alone, then the GPT-2 expression.
"""
import collections
import json
import random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from . import corpus

GPT2_EXPRESSION = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
SPECIAL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
SPACE = "Ġ"
SPACED_WORDS = 420


def _pre_tokenizer():
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"\p{N}"), "isolated"),
        pre_tokenizers.Split(Regex(GPT2_EXPRESSION), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def _count_pieces(samples, seed):
    rng = random.Random(seed)
    split = _pre_tokenizer()
    counts = collections.Counter()
    for _ in range(samples):
        for _, text in corpus.sample(rng):
            counts.update(piece for piece, _ in split.pre_tokenize_str(text))
    return counts


def _learn_merges(counts, size):
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL_TOKENS, initial_alphabet=alphabet, show_progress=False, min_frequency=30)
    bare = collections.Counter()
    for piece, count in counts.items():
        bare[piece.lstrip(SPACE) or SPACE] += count
    learner.train_from_iterator((piece for piece, count in bare.items() for _ in range(min(count, 2000))), trainer)
    return learner


def build(vocabulary_size: int = 2304, samples: int = 12000, seed: int = 99) -> Tokenizer:
    """Trains the tokenizer on `samples` generated chats; the same arguments give the same tokenizer."""
    counts = _count_pieces(samples, seed)
    state = json.loads(_learn_merges(counts, vocabulary_size - SPACED_WORDS).to_str())["model"]
    vocabulary, merges = state["vocab"], [tuple(merge) for merge in state["merges"]]
    frequent = [piece for piece, _ in counts.most_common() if piece[0] == SPACE and piece[1:].islower() and piece[1:] in vocabulary]
    for piece in frequent[:SPACED_WORDS]:
        vocabulary[piece] = len(vocabulary)
        merges.append((SPACE, piece[1:]))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = _pre_tokenizer()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL_TOKENS)
    return tokenizer
