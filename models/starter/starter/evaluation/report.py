"""Runs the held-out prompts through llama.cpp and writes the figures."""
import collections
import pathlib

import xllamacpp

from .. import manifest
from . import checks, prompts

ANSWER_TOKENS_MAX = 160


class Chat:
    """The GGUF loaded in llama.cpp, with the chat template that it carries."""

    def __init__(self, model: pathlib.Path):
        settings = xllamacpp.CommonParams()
        settings.model.path = str(model)
        settings.n_ctx = 512
        settings.n_parallel = 1
        settings.warmup = False
        settings.verbosity = 0
        settings.cpuparams.n_threads = 1
        self._server = xllamacpp.Server(settings)

    def answer(self, messages: list) -> str:
        """The answer at temperature 0."""
        request = {"messages": messages, "temperature": 0, "max_tokens": ANSWER_TOKENS_MAX, "seed": 7}
        reply = self._server.handle_chat_completions(request)
        if "choices" not in reply:
            raise RuntimeError(f"llama.cpp refused the prompt: {reply}")
        return reply["choices"][0]["message"]["content"]

    def _complete(self, prompt):
        request = {"prompt": prompt, "max_tokens": 1, "temperature": 0, "n_probs": 1, "cache_prompt": False}
        return self._server.handle_completions(request)

    def token_count(self, text: str) -> int:
        """How many tokens llama.cpp makes of `text`, special tokens included."""
        return self._complete(text)["usage"]["prompt_tokens"]

    def next_token(self, ids: list) -> int:
        """The most likely token after the tokens `ids`."""
        return self._complete(ids)["choices"][0]["logprobs"]["content"][0]["id"]


def _converse(chat, prompt):
    messages = [{"role": "system", "content": prompts.SYSTEMS[prompt.system]}]
    for turn in prompt.turns:
        messages.append({"role": "user", "content": turn})
        messages.append({"role": "assistant", "content": chat.answer(messages)})
    return messages


def _transcript(prompt, messages, problems):
    lines = [f"### {prompt.group}: {'right' if not problems else 'wrong (' + '; '.join(problems) + ')'}", ""]
    lines += [f"> **{message['role']}** {message['content']}".replace("\n", "\n> ") + "\n" for message in messages[1:]]
    return "\n".join(lines)


def run(model: pathlib.Path, target: pathlib.Path, show: bool) -> None:
    """Evaluates `model`, writes a report with every transcript to `target` and the figures into the manifest."""
    chat = Chat(model)
    groups, transcripts = collections.OrderedDict(), []
    for prompt in prompts.load():
        messages = _converse(chat, prompt)
        said = "\n".join(message["content"] for message in messages[:-1])
        problems = checks.problems(prompt.expected, messages[-1]["content"], said)
        right, total = groups.get(prompt.group, (0, 0))
        groups[prompt.group] = (right + (not problems), total + 1)
        transcripts.append(_transcript(prompt, messages, problems))
    correct, count = (sum(values) for values in zip(*groups.values()))
    table = ["| group | right | prompts |", "| --- | --- | --- |", *(f"| {name} | {right} | {total} |" for name, (right, total) in groups.items()), f"| **all** | {correct} | {count} |"]
    summary = "\n".join(table)
    target.write_text("# Held-out evaluation\n\n" + summary + "\n\n" + "\n".join(transcripts))
    manifest.record_evaluation(model, correct, count)
    print("\n".join(transcripts) if show else "", summary, sep="\n")
