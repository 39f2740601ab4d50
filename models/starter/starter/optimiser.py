"""Muon for the matrices, Adam for embeddings and norms (https://kellerjordan.github.io/posts/muon/)."""
import functools

import jax
import jax.numpy as jnp

from .model import MATRICES, NORMS, loss, multiply

MUON_RATE = 0.02
ADAM_RATE = 3e-3
WEIGHT_DECAY = 0.05
CLIP = 1.0


def initial_state(parameters):
    """First and second moments, all zero."""
    return jax.tree.map(jnp.zeros_like, parameters), jax.tree.map(jnp.zeros_like, parameters)


def _orthogonalise(gradient):
    # Five Newton-Schulz steps; two-dimensional bfloat16 products are about three times as fast as batched float32 ones here.
    tall = gradient.shape[0] > gradient.shape[1]
    matrix = gradient.T if tall else gradient
    matrix = matrix / (jnp.sqrt((matrix * matrix).sum()) + 1e-7)
    for _ in range(5):
        gram = multiply(matrix, matrix.T)
        matrix = 3.4445 * matrix + multiply(-4.7750 * gram + 2.0315 * multiply(gram, gram), matrix)
    return matrix.T if tall else matrix


def _adam(value, gradient, moments, rate, count):
    first = 0.9 * moments[0] + 0.1 * gradient
    second = 0.98 * moments[1] + 0.02 * gradient * gradient
    update = (first / (1 - 0.9**count)) / (jnp.sqrt(second / (1 - 0.98**count)) + 1e-10)
    return value - rate * ADAM_RATE * update, first, second


def _muon(value, gradient, momentum_buffer, rate, count):
    momentum = jnp.minimum(0.95, 0.85 + 0.1 * count / 200)
    buffer = momentum * momentum_buffer + (1 - momentum) * gradient
    scale = max(1.0, gradient.shape[1] / gradient.shape[0]) ** 0.5
    update = scale * _orthogonalise(momentum * buffer + (1 - momentum) * gradient)
    return value * (1 - rate * MUON_RATE * WEIGHT_DECAY) - rate * MUON_RATE * update, buffer


def _update_layer(layer, gradient, moments, rate, count):
    value, first, second = dict(layer), dict(moments[0]), dict(moments[1])
    for name in NORMS:
        value[name], first[name], second[name] = _adam(layer[name], gradient[name], (moments[0][name], moments[1][name]), rate, count)
    for name in MATRICES:
        value[name], first[name] = _muon(layer[name], gradient[name], moments[0][name], rate, count)
    return value, first, second


@functools.partial(jax.jit, static_argnums=(4,), donate_argnums=(0, 1))
def step(parameters, state, batch, schedule, config):
    """One update. `schedule` is (rate, count): a factor on both learning rates, and the number of this step from 1."""
    rate, count = schedule
    (error, answer), gradient = jax.value_and_grad(loss, has_aux=True)(parameters, batch, config)
    norm = jnp.sqrt(sum((value * value).sum() for value in jax.tree.leaves(gradient)))
    gradient = jax.tree.map(lambda value: value * jnp.minimum(1.0, CLIP / (norm + 1e-6)), gradient)
    value, first, second = dict(parameters), dict(state[0]), dict(state[1])
    for name in ("embedding", "norm"):
        value[name], first[name], second[name] = _adam(parameters[name], gradient[name], (state[0][name], state[1][name]), rate, count)
    layers = [_update_layer(*parts, rate, count) for parts in zip(parameters["layers"], gradient["layers"], zip(state[0]["layers"], state[1]["layers"]))]
    value["layers"], first["layers"], second["layers"] = (list(part) for part in zip(*layers))
    return value, (first, second), jnp.stack([error, answer[0], answer[1]])
