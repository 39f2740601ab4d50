"""Checkpoint to GGUF (Q8_0) for llama.cpp, with tokenizer and chat template."""
import json
import pathlib

import gguf
import numpy as np

from . import manifest, model, training
from .tokenizer import SPECIAL_TOKENS

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
_TENSORS = {"query": "attn_q", "key": "attn_k", "value": "attn_v", "output": "attn_output", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down"}
_LAYER_NORMS = {"attention_norm": "attn_norm", "feed_forward_norm": "ffn_norm"}


def _write_header(writer, config):
    writer.add_name("Guildhall starter")
    writer.add_license("apache-2.0")
    writer.add_vocab_size(config.vocabulary)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.feed_forward)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.heads)
    writer.add_layer_norm_rms_eps(model.NORM_EPSILON)
    writer.add_rope_freq_base(model.ROPE_BASE)
    writer.add_rope_dimension_count(config.head_width)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)


def _write_tokenizer(writer, path):
    state = json.loads(path.read_text())["model"]
    tokens = sorted(state["vocab"], key=state["vocab"].get)
    ids = state["vocab"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if token in SPECIAL_TOKENS else gguf.TokenType.NORMAL for token in tokens])
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in state["merges"]])
    writer.add_bos_token_id(ids["<|endoftext|>"])
    writer.add_eos_token_id(ids["<|im_end|>"])
    writer.add_pad_token_id(ids["<|endoftext|>"])
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def interleave_rotary(weights: np.ndarray, heads: int) -> np.ndarray:
    """Permutes the rows of a query or key matrix (out x in) from the half-split to llama.cpp's interleaved rotary layout."""
    rows, columns = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _add_matrix(writer, name, weights):
    quantised = gguf.quants.quantize(np.ascontiguousarray(weights, dtype=np.float32), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor(f"{name}.weight", quantised, raw_dtype=gguf.GGMLQuantizationType.Q8_0)


def _write_weights(writer, parameters, heads):
    _add_matrix(writer, "token_embd", np.asarray(parameters["embedding"]))
    writer.add_tensor("output_norm.weight", np.asarray(parameters["norm"], np.float32))
    for index, layer in enumerate(parameters["layers"]):
        for ours, theirs in _LAYER_NORMS.items():
            writer.add_tensor(f"blk.{index}.{theirs}.weight", np.asarray(layer[ours], np.float32))
        for ours, theirs in _TENSORS.items():
            weights = np.asarray(layer[ours]).T
            if ours in ("query", "key"):
                weights = interleave_rotary(weights, heads)
            _add_matrix(writer, f"blk.{index}.{theirs}", weights)


def write(work: pathlib.Path, tokenizer_path: pathlib.Path, target: pathlib.Path) -> None:
    """Writes the checkpoint in `work` as `target` and a manifest without evaluation beside it."""
    config, progress, parameters, _ = training.load(work / training.CHECKPOINT)
    partial = target.with_suffix(".partial")
    writer = gguf.GGUFWriter(str(partial), "llama")
    _write_header(writer, config)
    _write_tokenizer(writer, tokenizer_path)
    _write_weights(writer, parameters, config.heads)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(target)
    facts = {"parameters": model.count_parameters(parameters), "context_length": config.context, "training_tokens": progress["tokens"], "training_steps": progress["steps"]}
    manifest.write(target, facts)
    print(f"{target}: {target.stat().st_size} bytes, {progress['tokens']} training tokens")
