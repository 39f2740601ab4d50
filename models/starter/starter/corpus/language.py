"""Template language of the corpus: alternatives, slots, and the noise that real people put around a request."""
import random
import re

from .paraphrase import add_filler, reword

_ALTERNATIVES = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"%(\w+)%")
_PROTECTED = re.compile(r"(%\w+%)")

_GREETINGS = (
    "{hi|hello|hey|hey there|good morning|good afternoon|hiya|morning|hi there|good evening}{,| -|!|.}",
)
_CONTEXT = (
    "{I am in a hurry.|This came in today.|Busy day here.|My boss wants to know.|I am new here.|We have a small problem.|"
    "I just got off the phone.|It is late, I know.|I only have a minute.|Sorry to bother you.|One quick thing.|"
    "Quick question.|I could use some help.|Someone asked me about it.|I lost track of things.|My colleague sent it.|"
    "I am on the train right now.|Let's see if you can do it.|OK, next one.|So, here we go.|Right, let's start.|"
    "I have no time to read it myself.|A customer is waiting.|I was told you can help.|Back from lunch.}",
)
_POLITE_BEFORE = ("please ", "pls ", "could you please ", "can you ", "would you ", "kindly ", "could you ", "I'd like you to ")
_CLOSERS = (" Thanks!", " Thank you.", " Thx", " please", " Cheers.", " Thanks in advance.", " Appreciate it.", " ty")


def expand(rng: random.Random, template: str) -> str:
    """Replaces every (nested) `{a|b}` by one of its alternatives; slots stay."""
    while True:
        expanded = _ALTERNATIVES.sub(lambda match: rng.choice(match.group(1).split("|")), template)
        if expanded == template:
            return expanded
        template = expanded


def fill(template: str, slots: dict) -> str:
    """Replaces every `%name%` by its value."""
    return _SLOT.sub(lambda match: str(slots[match.group(1)]), template)


def say(rng: random.Random, template: str, **slots) -> str:
    """Expands and fills a template without noise: for answers and documents."""
    return fill(expand(rng, template), slots)


def capitalise(text: str) -> str:
    """Upper-cases the first letter only."""
    return text[:1].upper() + text[1:]


def with_article(noun: str) -> str:
    """`invoice clerk` becomes `an invoice clerk`."""
    return ("an " if noun[:1].lower() in "aeio" or noun.startswith("HR ") else "a ") + noun


def _misspell(rng: random.Random, word: str) -> str:
    position = rng.randrange(1, len(word) - 1)
    kind = rng.random()
    if kind < 0.4:
        return word[:position] + word[position + 1:]
    if kind < 0.7:
        return word[:position] + word[position + 1] + word[position] + word[position + 2:]
    return word[:position] + word[position] + word[position:]


def _add_typos(rng: random.Random, template: str) -> str:
    parts = _PROTECTED.split(template)
    for index in range(0, len(parts), 2):
        words = parts[index].split(" ")
        for position, word in enumerate(words):
            if len(word) > 3 and word.isalpha() and rng.random() < 0.15:
                words[position] = _misspell(rng, word)
        parts[index] = " ".join(words)
    return "".join(parts)


def _reword_around_slots(rng: random.Random, template: str) -> str:
    parts = _PROTECTED.split(template)
    parts[::2] = [reword(rng, part, 0.4) for part in parts[::2]]
    return "".join(parts)


def _surround(rng: random.Random, core: str) -> str:
    chance = rng.random()
    lower = core[:1].lower() + core[1:] if core[1:2].islower() and not core.startswith("I ") else core
    if chance < 0.10:
        return capitalise(expand(rng, rng.choice(_GREETINGS)) + " " + core)
    if chance < 0.18:
        return expand(rng, rng.choice(_CONTEXT)) + " " + core
    if chance < 0.21:
        return capitalise(expand(rng, rng.choice(_GREETINGS)) + " " + expand(rng, rng.choice(_CONTEXT)) + " " + core)
    if chance < 0.29:
        return core + rng.choice(_CLOSERS)
    if chance < 0.33:
        return expand(rng, "{so|and|now|ok|okay|well|right}{, | }") + lower
    return core


def ask(rng: random.Random, template: str, **slots) -> str:
    """A user's request: an expanded template with greetings, context, typos and sloppy case around the slots."""
    core = expand(rng, template)
    if core.startswith("!"):
        core = core[1:]
        if rng.random() < 0.35:
            core = capitalise(rng.choice(_POLITE_BEFORE) + core)
        else:
            core = capitalise(core)
    if rng.random() < 0.35:
        core = _reword_around_slots(rng, core)
    if rng.random() < 0.1 and ":" not in core:
        core = add_filler(rng, core)
    text = _surround(rng, core)
    if rng.random() < 0.06:
        text = _add_typos(rng, text)
    if rng.random() < 0.2:
        text = text[:1].lower() + text[1:]
    if rng.random() < 0.15:
        text = text.rstrip(".?!:")
    return fill(text, slots)


def attach(rng: random.Random, request: str, document: str) -> str:
    """Puts a request before or after the document that it is about."""
    chance = rng.random()
    if chance < 0.4:
        return f"{document}\n\n{request}"
    if chance < 0.7:
        return f"{request}\n\n{document}"
    if chance < 0.8:
        return f"{document}\n{request}"
    if chance < 0.9:
        return f"{request}\n{document}"
    if "\n" in document:
        return f"{request} Text:\n{document}"
    return f'{request} "{document}"' if chance < 0.95 else f"{request} {document}"


def join_list(items: list) -> str:
    """`a, b and c`."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
