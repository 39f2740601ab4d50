"""Training under a time budget, resumable from its checkpoint."""
import dataclasses
import json
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np

from . import model, optimiser
from .batches import Stream

WARM_UP_STEPS = 60
DECAY_SHARE = 0.68
EASY_START = 0.45
EASY_UNTIL = 0.15
SAVE_EVERY_SECONDS = 120
LOG_EVERY_STEPS = 50
CHECKPOINT = "checkpoint.npz"


def save(path: pathlib.Path, config: model.Config, progress: dict, trees: dict) -> None:
    """Writes parameters and optimiser state atomically; `trees` maps a name to a tree of arrays."""
    arrays = {}
    for name, tree in trees.items():
        for index, leaf in enumerate(jax.tree.leaves(tree)):
            arrays[f"{name}.{index}"] = np.asarray(leaf)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, config=json.dumps(dataclasses.asdict(config)), progress=json.dumps(progress), **arrays)
    partial.replace(path)


def _restore(archive, name, like):
    leaves, shape = jax.tree.flatten(like)
    return jax.tree.unflatten(shape, [jnp.array(archive[f"{name}.{index}"]) for index in range(len(leaves))])


def load(path: pathlib.Path):
    """Reads a checkpoint: configuration, progress, parameters and optimiser state."""
    with np.load(path) as archive:
        config = model.Config(**json.loads(str(archive["config"])))
        like = model.initialise(config, 0)
        parameters = _restore(archive, "parameters", like)
        state = tuple(_restore(archive, name, like) for name in ("first", "second"))
        return config, json.loads(str(archive["progress"])), parameters, state


def rate_at(share: float, steps: int) -> float:
    """Learning rate factor: linear warm-up, constant, linear decay over the last part of the time budget."""
    warm = min(1.0, (steps + 1) / WARM_UP_STEPS)
    return warm * (1.0 if share < 1 - DECAY_SHARE else max(0.01, (1 - share) / DECAY_SHARE))


class Trainer:
    """State of one training run."""

    def __init__(self, folder: pathlib.Path, tokenizer, seed: int):
        self.path = folder / CHECKPOINT
        if self.path.exists():
            self.config, self.progress, self.parameters, self.state = load(self.path)
        else:
            self.config = model.Config(vocabulary=tokenizer.get_vocab_size())
            self.progress = {"steps": 0, "seconds": 0.0, "tokens": 0}
            self.parameters = model.initialise(self.config, seed)
            self.state = optimiser.initial_state(self.parameters)
        self.stream = Stream(tokenizer, seed + self.progress["steps"])
        self._measured = []
        print(f"{model.count_parameters(self.parameters)} parameters, starting at step {self.progress['steps']}", flush=True)

    def _save(self):
        trees = {"parameters": self.parameters, "first": self.state[0], "second": self.state[1]}
        save(self.path, self.config, self.progress, trees)

    def _advance(self, share):
        steps = self.progress["steps"]
        self.stream.easy_share = max(0.0, EASY_START * (1 - share / EASY_UNTIL))
        before = self.stream.tokens_seen
        batch = self.stream.batch(steps)
        schedule = (jnp.float32(rate_at(share, steps)), jnp.float32(steps + 1))
        self.parameters, self.state, measured = optimiser.step(self.parameters, self.state, batch, schedule, self.config)
        self._measured.append(np.asarray(measured))
        self.progress["steps"] += 1
        self.progress["tokens"] += self.stream.tokens_seen - before

    def _log(self):
        error, answer_error, accuracy = np.mean(self._measured, 0)
        self._measured = []
        progress = self.progress
        speed = progress["tokens"] / max(1.0, progress["seconds"])
        print(f"step {progress['steps']} {progress['seconds']:.0f}s {progress['tokens'] / 1e6:.2f}M tokens {speed:.0f}/s "
              f"loss {error:.4f} answers {answer_error:.4f} accuracy {accuracy:.4f}", flush=True)

    def run(self, minutes: float) -> None:
        """Trains until `minutes` of wall time have been used, over all runs, without the first compilation."""
        self._advance(self.progress["seconds"] / (minutes * 60))
        offset, started, saved = self.progress["seconds"], time.monotonic(), time.monotonic()
        while self.progress["seconds"] < minutes * 60:
            self._advance(self.progress["seconds"] / (minutes * 60))
            self.progress["seconds"] = offset + time.monotonic() - started
            if self.progress["steps"] % LOG_EVERY_STEPS == 0:
                self._log()
            if time.monotonic() - saved > SAVE_EVERY_SECONDS:
                self._save()
                saved = time.monotonic()
        self._save()
