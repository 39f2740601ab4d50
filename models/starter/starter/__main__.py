"""Command line of the starter model: corpus, tokenizer, training, GGUF export and evaluation."""
import argparse
import pathlib

from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"


def _tokenizer(options):
    from . import tokenizer

    path = options.work / TOKENIZER
    if not path.exists():
        tokenizer.build(seed=options.seed).save(str(path))
    return Tokenizer.from_file(str(path))


def _train(options):
    from .training import Trainer

    Trainer(options.work, _tokenizer(options), options.seed).run(options.steps)


def _export(options):
    from . import export

    export.write(options.work, options.work / TOKENIZER, options.model)


def _evaluate(options):
    from .evaluation import report

    report.run(options.model, options.work / "evaluation.md", options.show)


def _parity(options):
    from .evaluation import parity

    parity.run(options.model, options.work)


def _sample(options):
    import random

    from . import corpus

    rng = random.Random(options.seed)
    for _ in range(20):
        print(corpus.render(corpus.sample(rng)))


COMMANDS = {"sample": (_sample,), "train": (_train,), "export": (_export,), "evaluate": (_evaluate,), "parity": (_parity,), "all": (_train, _export, _evaluate)}


def main() -> None:
    """Parses the command line and runs one command."""
    parser = argparse.ArgumentParser(prog="python -m starter", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build"), help="folder for tokenizer, checkpoint and reports")
    parser.add_argument("--model", type=pathlib.Path, default=pathlib.Path("starter.gguf"), help="the GGUF that is written and evaluated")
    parser.add_argument("--steps", type=int, default=1600, help="steps of training, up to 3072 tokens each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print every answer")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    for command in COMMANDS[options.command]:
        command(options)


if __name__ == "__main__":
    main()
