"""`starter.json`: what the model file is and how it did on the held-out prompts."""
import hashlib
import json
import pathlib

DEFAULT_SHARE_MIN = 0.8


def _path(model: pathlib.Path) -> pathlib.Path:
    return model.with_suffix(".json")


def write(model: pathlib.Path, facts: dict) -> None:
    """Describes a freshly exported model; its evaluation is zero until it has run."""
    content = model.read_bytes()
    manifest = {
        "name": "starter", "file": model.name, "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content),
        "architecture": "llama", "quantisation": "Q8_0", **facts, "license": "Apache-2.0",
        "evaluation": {"prompts": 0, "correct": 0, "share": 0.0}, "usable_as_default": False,
    }
    _path(model).write_text(json.dumps(manifest, indent=2) + "\n")


def record_evaluation(model: pathlib.Path, correct: int, prompts: int) -> None:
    """Enters the evaluation; refuses when the manifest describes another file."""
    manifest = json.loads(_path(model).read_text())
    if hashlib.sha256(model.read_bytes()).hexdigest() != manifest["sha256"]:
        raise ValueError(f"{_path(model)} describes another file than {model}; export the model again")
    share = round(correct / prompts, 3)
    manifest["evaluation"] = {"prompts": prompts, "correct": correct, "share": share}
    manifest["usable_as_default"] = share >= DEFAULT_SHARE_MIN
    _path(model).write_text(json.dumps(manifest, indent=2) + "\n")
