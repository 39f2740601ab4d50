"""Llama-architecture decoder in JAX: RMS norm, rotary positions, SwiGLU, tied embeddings."""
import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

NORM_EPSILON = 1e-5
ROPE_BASE = 10000.0
MATRICES = ("query", "key", "value", "output", "gate", "up", "down")
NORMS = ("attention_norm", "feed_forward_norm")
_MASKED = -1e9


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes of the network. All matrix rows must be multiples of 32 for Q8_0."""

    vocabulary: int = 2304
    width: int = 192
    layers: int = 4
    heads: int = 4
    feed_forward: int = 512
    context: int = 512

    @property
    def head_width(self) -> int:
        """Channels of one attention head."""
        return self.width // self.heads


def initialise(config: Config, seed: int) -> dict:
    """Random parameters; output projections are scaled down with the depth."""
    rng = np.random.RandomState(seed)
    width, inner = config.width, config.feed_forward
    depth_scale = 1 / np.sqrt(2 * config.layers)

    def matrix(rows, columns, scale=1.0):
        return jnp.array(rng.randn(rows, columns) * scale / np.sqrt(rows), jnp.float32)

    def layer():
        return {
            "query": matrix(width, width), "key": matrix(width, width), "value": matrix(width, width),
            "output": matrix(width, width, depth_scale), "gate": matrix(width, inner), "up": matrix(width, inner),
            "down": matrix(inner, width, depth_scale), "attention_norm": jnp.ones(width), "feed_forward_norm": jnp.ones(width),
        }

    embedding = jnp.array(rng.randn(config.vocabulary, width) * 0.02, jnp.float32)
    return {"embedding": embedding, "norm": jnp.ones(width), "layers": [layer() for _ in range(config.layers)]}


@jax.custom_vjp
def multiply(inputs, weights):
    """`inputs @ weights` with bfloat16 operands and float32 sums."""
    return jnp.dot(inputs.astype(jnp.bfloat16), weights.astype(jnp.bfloat16), preferred_element_type=jnp.float32)


def _multiply_forward(inputs, weights):
    return multiply(inputs, weights), (inputs, weights)


def _multiply_backward(saved, gradient):
    # The gradient of the inputs in bfloat16 and that of the weights in float32: the fastest mix measured on an AVX512-BF16 processor.
    inputs, weights = saved
    contraction = (((gradient.ndim - 1,), (1,)), ((), ()))
    of_inputs = jax.lax.dot_general(gradient.astype(jnp.bfloat16), weights.astype(jnp.bfloat16), contraction, preferred_element_type=jnp.float32)
    return of_inputs, inputs.reshape(-1, inputs.shape[-1]).T @ gradient.reshape(-1, gradient.shape[-1])


multiply.defvjp(_multiply_forward, _multiply_backward)


def _exact_multiply(inputs, weights):
    return inputs @ weights


def _normalise(inputs, scale):
    return inputs * jax.lax.rsqrt((inputs * inputs).mean(-1, keepdims=True) + NORM_EPSILON) * scale


def _rotate(heads, cosine, sine):
    # The half-split layout; the export permutes query and key rows into llama.cpp's interleaved layout.
    first, second = jnp.split(heads, 2, -1)
    return jnp.concatenate([first * cosine - second * sine, second * cosine + first * sine], -1)


def _rotary_angles(position, half_width):
    angles = position[..., None] / (ROPE_BASE ** (jnp.arange(half_width) / half_width))
    return jnp.cos(angles)[:, None], jnp.sin(angles)[:, None]


def _attention(layer, hidden, frame, config, product):
    bias, rotary = frame
    batch, length, _ = hidden.shape

    def split_heads(weights):
        return product(hidden, weights).reshape(batch, length, config.heads, config.head_width).transpose(0, 2, 1, 3)

    query = _rotate(split_heads(layer["query"]), *rotary) * config.head_width ** -0.5
    key, value = _rotate(split_heads(layer["key"]), *rotary), split_heads(layer["value"])
    weights = jax.nn.softmax(jnp.einsum("bhtd,bhsd->bhts", query, key) + bias, -1)
    mixed = jnp.einsum("bhts,bhsd->bhtd", weights, value).transpose(0, 2, 1, 3).reshape(batch, length, config.width)
    return product(mixed, layer["output"])


def forward(parameters, batch, config: Config, exact: bool = False):
    """Logits of shape (rows, length, vocabulary).

    `batch` holds `tokens` and `document` (int, rows x length) and `position` (float): attention never crosses documents.
    """
    product = _exact_multiply if exact else multiply
    tokens, document = batch["tokens"], batch["document"]
    length = tokens.shape[1]
    rotary = _rotary_angles(batch["position"], config.head_width // 2)
    visible = jnp.tril(jnp.ones((length, length), bool))[None] & (document[:, :, None] == document[:, None, :])
    bias = jnp.where(visible[:, None], 0.0, _MASKED)
    hidden = parameters["embedding"][tokens]
    for layer in parameters["layers"]:
        hidden = hidden + _attention(layer, _normalise(hidden, layer["attention_norm"]), (bias, rotary), config, product)
        inner = _normalise(hidden, layer["feed_forward_norm"])
        inner = jax.nn.silu(product(inner, layer["gate"])) * product(inner, layer["up"])
        hidden = hidden + product(inner, layer["down"])
    return product(_normalise(hidden, parameters["norm"]), parameters["embedding"].T)


def loss(parameters, batch, config: Config):
    """Weighted cross-entropy, and (loss, accuracy) on the answers alone, where the weight is 1."""
    logits = forward(parameters, batch, config)
    target = jnp.take_along_axis(logits, batch["target"][..., None], -1)[..., 0]
    error = jax.nn.logsumexp(logits, -1) - target
    weight = batch["weight"]
    answer = (weight == 1.0).astype(jnp.float32)
    correct = (logits.argmax(-1) == batch["target"]).astype(jnp.float32)
    return (error * weight).sum() / weight.sum(), ((error * answer).sum() / answer.sum(), (correct * answer).sum() / answer.sum())


def count_parameters(parameters) -> int:
    """Number of trained values."""
    return int(sum(value.size for value in jax.tree.leaves(parameters)))
