"""Training for a number of steps, resumable from its checkpoint."""
import dataclasses
import json
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np

from . import model, optimiser
from .batches import Stream

STEPS = 1600
WARM_UP_STEPS = 60
# Steps and learning rate factors between which the rate runs straight.
RATE_POINTS = ((704, 1.0), (1300, 225 / 374), (STEPS, 0.0))
RATE_MIN = 0.01
EASY_START = 0.45
EASY_STEPS = 330
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


def rate_at(step: int, steps: int) -> float:
    """Learning rate factor at `step` of `steps`: linear warm-up, then along `RATE_POINTS`, which are stretched to `steps`."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    places, rates = zip(*RATE_POINTS)
    return warm * max(RATE_MIN, float(np.interp(step * STEPS / steps, places, rates)))


def easy_share_at(step: int) -> float:
    """Share of easy chats at `step`: falls from `EASY_START` to nothing within `EASY_STEPS`."""
    return max(0.0, EASY_START * (1 - step / EASY_STEPS))


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
        self.stream = Stream(tokenizer, seed)
        # A run that goes on sees the chats that it would have seen without the stop.
        for step in range(self.progress["steps"]):
            self._batch(step)
        self._measured = []
        print(f"{model.count_parameters(self.parameters)} parameters, starting at step {self.progress['steps']}", flush=True)

    def _save(self):
        trees = {"parameters": self.parameters, "first": self.state[0], "second": self.state[1]}
        save(self.path, self.config, self.progress, trees)

    def _batch(self, step):
        self.stream.easy_share = easy_share_at(step)
        return self.stream.batch(step)

    def _advance(self, steps):
        step = self.progress["steps"]
        before = self.stream.tokens_seen
        batch = self._batch(step)
        schedule = (jnp.float32(rate_at(step, steps)), jnp.float32(step + 1))
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

    def run(self, steps: int) -> None:
        """Trains until `steps` steps are done, over all runs. Steps and not time, so that the weights do not depend on what else the machine does."""
        offset, started, saved = self.progress["seconds"], time.monotonic(), time.monotonic()
        while self.progress["steps"] < steps:
            self._advance(steps)
            self.progress["seconds"] = offset + time.monotonic() - started
            if self.progress["steps"] % LOG_EVERY_STEPS == 0:
                self._log()
            if time.monotonic() - saved > SAVE_EVERY_SECONDS:
                self._save()
                saved = time.monotonic()
        self._save()
